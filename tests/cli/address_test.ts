import { assertEquals, assertThrows } from "@std/assert";
import {
  formatAddress,
  formatTlsAddress,
  isLoopback,
  parseAddress,
} from "../../lib/cli/address.ts";
import { UsageError } from "../../lib/cli/failure.ts";

const source = "--server";

Deno.test("parseAddress reads hosts with and without a port, IPv6 in brackets", () => {
  const read = (text: string) => parseAddress(text, { source });
  assertEquals(read("example.org:80"), { host: "example.org", port: 80 });
  assertEquals(read("example.org"), { host: "example.org", port: 1300 });
  assertEquals(read("10.0.0.1:65535"), { host: "10.0.0.1", port: 65535 });
  assertEquals(read("[::1]:7"), { host: "::1", port: 7 });
  assertEquals(read("[fe80::1%eth0]"), { host: "fe80::1%eth0", port: 1300 });
});

Deno.test("parseAddress refuses what is no address, and says how to write one", () => {
  for (const text of ["", ":1300", "a:b", "a:70000", "a:0", "a b", "http://a", "u@a", "[a", "a:"]) {
    assertThrows(() => parseAddress(text, { source }), UsageError, "write it as 127.0.0.1:1300");
  }
  assertThrows(() => parseAddress("::1", { source }), UsageError, "write it as [::1]:1300");
  assertThrows(() => parseAddress("fe80::1:1300", { source }), UsageError, "without brackets");
});

Deno.test("parseAddress takes port 0 where any port will do", () => {
  assertEquals(parseAddress("a:0", { source, anyPort: true }), { host: "a", port: 0 });
});

Deno.test("formatAddress writes what parseAddress reads", () => {
  for (const text of ["a.example:1", "[::1]:1300", "127.0.0.1:9"]) {
    assertEquals(formatAddress(parseAddress(text, { source })), text);
  }
});

Deno.test("isLoopback knows the addresses that stay on the machine", () => {
  for (const host of ["localhost", "127.0.0.1", "127.9.9.9", "::1", "LOCALHOST"]) {
    assertEquals(isLoopback(host), true, host);
  }
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "localhost.example", "127.example.org"]) {
    assertEquals(isLoopback(host), false, host);
  }
});

Deno.test("parseAddress reads morsel:// as plain and morsels:// as TLS, with an authority to trust", () => {
  const read = (text: string) => parseAddress(text, { source });
  assertEquals(read("morsel://a:7/"), { host: "a", port: 7 });
  assertEquals(read("morsels://a"), { host: "a", port: 1300, tls: {} });
  assertEquals(read("MORSELS://[::1]:7/"), { host: "::1", port: 7, tls: {} });
  // A sequence of 48 bytes, as its second to fourth bytes say.
  const ca = "-----BEGIN CERTIFICATE-----\n" +
    `MIIAMPv/${"A".repeat(56)}\nBBBBBA==\n-----END CERTIFICATE-----\n`;
  const address = formatTlsAddress({ host: "::1", port: 7 }, ca);
  assertEquals(address, `morsels://[::1]:7/#ca=MIIAMPv_${"A".repeat(56)}BBBBBA`);
  assertEquals(read(address), { host: "::1", port: 7, tls: { ca } });
  assertEquals(formatTlsAddress({ host: "a", port: 7 }, undefined), "morsels://a:7/");
});

Deno.test("parseAddress refuses half an authority, one without TLS, and other addresses of the web", () => {
  const mistakes = [
    ["morsels://a/#ca=", "has no whole certificate behind #ca="],
    ["morsels://a/#ca=MI+x", "has no whole certificate behind #ca="],
    ["morsels://a/#ca=MIIAMPv_AAAA", "has no whole certificate behind #ca="],
    ["morsels://a/#ca=MIIAMPv_A", "has no whole certificate behind #ca="],
    ["morsels://a/#other", "has no whole certificate behind #ca="],
    ["morsel://a/#ca=MIIB", "has an authority but no TLS"],
    ["morsels://a/path", "is not HOST:PORT"],
    ["morsels://", "is not HOST:PORT"],
    ["https://a", "is not HOST:PORT"],
  ] as const;
  for (const [text, message] of mistakes) {
    assertThrows(() => parseAddress(text, { source }), UsageError, message);
  }
});
