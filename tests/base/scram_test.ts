// The exchange of RFC 7677 section 3, from both ends, and what either end refuses.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { ChannelBinding } from "../../lib/base/connection.ts";
import { MorselError } from "../../lib/base/errors.ts";
import { scramKeys } from "../../lib/base/scram.ts";
import { SCRAM, SCRAM_PLUS, ScramClient, ScramServer } from "../../lib/base/scram_exchange.ts";

const CLIENT_NONCE = "rOprNGfwEbeRWgbNEkqO";
const SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const USER = { name: "user", secret: "pencil" };
const salt = Uint8Array.from(atob("W22ZaJ0SNY7soEsUEjb6gQ=="), (c) => c.charCodeAt(0));
const keys = await scramKeys(USER.secret, { salt, iterations: 4096 });
const keysOf = () => keys;
const exporter: ChannelBinding = { type: "tls-exporter", data: new Uint8Array(32).fill(5) };
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const bytes = (said: string) => new TextEncoder().encode(said);

Deno.test("both ends of SCRAM say what the example of RFC 7677 says", async () => {
  const client = new ScramClient(USER, "n", CLIENT_NONCE);
  assertEquals(text(client.first()), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  const options = { binding: undefined, keysOf, nonce: SERVER_NONCE };
  const server = new ScramServer(SCRAM, client.first(), options);
  assertEquals(
    text(server.challenge),
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  );
  const final = await client.final(server.challenge);
  assertEquals(
    text(final),
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
      "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  );
  const outcome = server.verify(final);
  assertEquals(text(outcome), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  client.verify(outcome!);
});

Deno.test("SCRAM over one channel proves nothing over another", async () => {
  const client = new ScramClient(USER, exporter);
  const other = { ...exporter, data: new Uint8Array(32).fill(6) };
  for (const [binding, isRight] of [[exporter, true], [other, false]] as const) {
    const server = new ScramServer(SCRAM_PLUS, client.first(), { binding, keysOf });
    const outcome = server.verify(await client.final(server.challenge));
    assertEquals(outcome !== undefined, isRight);
  }
});

Deno.test("a server refuses a hidden binding, another binding, and a proof that was used before", async () => {
  const first = (said: string, mechanism = SCRAM) => () =>
    new ScramServer(mechanism, bytes(said), { binding: exporter, keysOf });
  const code = (work: () => unknown) => assertThrows(work, MorselError).code;
  assertEquals(code(first("y,,n=user,r=abc")), "authentication");
  assertEquals(code(first("p=tls-server-end-point,,n=user,r=abc", SCRAM_PLUS)), "authentication");
  assertEquals(code(first("n,,n=user,r=abc", SCRAM_PLUS)), "protocol");
  assertEquals(code(first("n,a=admin,n=user,r=abc")), "protocol");
  assertEquals(code(first("n,,m=x,n=user,r=abc")), "protocol");
  assertEquals(code(first("n,,n=user,r=abc", "PLAIN")), "authentication");
  const client = new ScramClient(USER, "n");
  const one = new ScramServer(SCRAM, client.first(), { binding: undefined, keysOf });
  const final = await client.final(one.challenge);
  const two = new ScramServer(SCRAM, client.first(), { binding: undefined, keysOf });
  assertEquals(two.verify(final), undefined);
});

Deno.test("a client refuses a weak challenge, a foreign nonce and a server without the keys", async () => {
  for (
    const said of [
      "r=abcX,s=AAAA,i=1",
      "r=zzz,s=AAAA,i=4096",
      "r=abc,s=AAAA,i=4096",
      "r=abcX,s=AAAA,i=999999",
    ]
  ) {
    const client = new ScramClient(USER, "n", "abc");
    await assertRejects(() => client.final(bytes(said)), MorselError);
  }
  const client = new ScramClient(USER, "n", "abc");
  await client.final(bytes("r=abcX,s=AAAA,i=4096"));
  const forged = `v=${btoa("\0".repeat(32))}`;
  assertEquals(
    assertThrows(() => client.verify(bytes(forged)), MorselError).code,
    "authentication",
  );
});
