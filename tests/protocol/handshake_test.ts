// The greetings: what both sides keep to, and what is refused.

import { assertEquals, assertThrows } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { hello, termsOf, welcome } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";

const server = { limits: DEFAULT_LIMITS, bootId: new Uint8Array(16).fill(0xab) };

Deno.test("welcome() and termsOf() come to the same terms", () => {
  const greeting = { ...hello(), maxFrame: 65_536, idleMs: 1000, stallMs: 4_000_000 };
  const { reply, terms } = welcome(greeting, server);
  assertEquals(termsOf(greeting, reply), terms);
  assertEquals(terms, {
    version: 1,
    clientMaxFrame: 65_536,
    maxFrame: 1_052_672,
    maxChunk: 65_519,
    window: 67_108_864,
    maxUploads: DEFAULT_LIMITS.maxUploads,
    maxSessions: DEFAULT_LIMITS.maxSessions,
    expiryMs: DEFAULT_LIMITS.expiryMs,
    maxRequests: DEFAULT_LIMITS.maxRequests,
    idleMs: 1000,
    stallMs: 30_000,
    minRate: 1024,
    durability: "full",
    bootId: "ab".repeat(16),
  });
});

Deno.test("welcome() answers a later version with its own", () => {
  assertEquals(welcome({ ...hello(), version: 9 }, server).reply.version, 1);
});

Deno.test("welcome() lets the lower chunk win", () => {
  const small = { ...server, limits: { ...DEFAULT_LIMITS, maxChunk: 1300 } };
  assertEquals(welcome(hello(), small).reply.maxChunk, 1300);
});

Deno.test("welcome() refuses another magic, version 0 and small frames", () => {
  const refused = (change: object) =>
    assertThrows(() => welcome({ ...hello(), ...change }, server), MorselError);
  assertEquals(refused({ magic: 1 }).code, "protocol");
  assertEquals(refused({ maxFrame: 65_535 }).code, "protocol");
  const error = refused({ version: 0 });
  assertEquals(error.code, "version");
  assertEquals(error.detail, { lowest: "1", highest: "1" });
});

Deno.test("termsOf() refuses another magic, a version it did not offer and small frames", () => {
  const greeting = hello();
  const { reply } = welcome(greeting, server);
  const codeOf = (change: object) =>
    assertThrows(() => termsOf(greeting, { ...reply, ...change }), MorselError).code;
  assertEquals(codeOf({ magic: 1 }), "protocol");
  assertEquals(codeOf({ maxFrame: 0 }), "protocol");
  assertEquals(codeOf({ version: 0 }), "version");
  assertEquals(codeOf({ version: 2 }), "version");
});

Deno.test("termsOf() refuses limits under which a client would wait for ever", () => {
  const greeting = { ...hello(), maxFrame: 65_536 };
  const { reply } = welcome(greeting, server);
  const limitOf = (change: object) =>
    assertThrows(() => termsOf(greeting, { ...reply, ...change }), MorselError).detail.limit;
  assertEquals(limitOf({ maxRequests: 0 }), "maxRequests");
  assertEquals(limitOf({ maxUploads: 0 }), "maxUploads");
  assertEquals(limitOf({ maxChunk: 0 }), "maxChunk");
  assertEquals(limitOf({ maxChunk: 65_520 }), "maxChunk");
  assertEquals(limitOf({ window: 2 * reply.maxChunk - 1 }), "maxChunk");
});

Deno.test("termsOf() lets no server stretch the client's patience", () => {
  const { reply } = welcome(hello(), server);
  const { idleMs, stallMs } = termsOf(hello(), {
    ...reply,
    idleMs: 2 ** 32 - 1,
    stallMs: 2 ** 32 - 1,
  });
  assertEquals([idleMs, stallMs], [hello().idleMs, hello().stallMs]);
});

Deno.test("termsOf() takes a durability it does not know for relaxed", () => {
  const { reply } = welcome(hello(), server);
  assertEquals(termsOf(hello(), { ...reply, durability: 1 }).durability, "relaxed");
  assertEquals(termsOf(hello(), { ...reply, durability: 77 }).durability, "relaxed");
});
