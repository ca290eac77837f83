// TLS on this runtime: who gets in, who does not, and what each is told. Needs openssl for the certificates.

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { nodeTls } from "../../lib/runtime/node_tls.ts";
import { denoNetwork } from "../../lib/runtime/deno_network.ts";
import type { ClientTls, ServerTls } from "../../lib/runtime/connection.ts";
import { expired, hasOpenssl, makeAuthority, makeCertificate } from "../support/certificates.ts";

const ignore = !await hasOpenssl();
const why = ignore ? " is skipped: there is no openssl" : "";
const HERE = "IP:127.0.0.1";

function test(sentence: string, fn: () => Promise<void>): void {
  Deno.test({ name: `TLS: ${sentence}${why}`, ignore, fn });
}

async function between(server: ServerTls, client: ClientTls): Promise<[number, string[]]> {
  const listener = await nodeTls.listen({ host: "127.0.0.1", port: 0 }, server);
  try {
    const accepting = listener.accept();
    const connection = await nodeTls.connect({ ...listener.address, tls: client });
    const accepted = (await accepting)!;
    try {
      const writer = connection.writable.getWriter();
      await writer.write(Uint8Array.of(7));
      const reader = accepted.readable.getReader({ mode: "byob" });
      const { value } = await reader.read(new Uint8Array(1));
      const bindings = [connection, accepted].map(({ channelBinding }) =>
        `${channelBinding!.type} ${channelBinding!.data}`
      );
      return [value![0]!, bindings];
    } finally {
      connection.close();
      accepted.close();
    }
  } finally {
    listener.close();
  }
}

test("bytes pass, and both ends have the same channel binding", async () => {
  const authority = await makeAuthority();
  const server = await makeCertificate(authority, HERE);
  const [byte, [ofClient, ofServer]] = await between(server, { ca: authority.cert });
  assertEquals([byte, ofClient], [7, ofServer]);
});

test("a certificate of another name, of another authority or of the past is refused", async () => {
  const authority = await makeAuthority();
  const ca = authority.cert;
  const good = await makeCertificate(authority, HERE);
  const cases: [ServerTls, ClientTls, string][] = [
    [await makeCertificate(authority, "DNS:other.example"), { ca }, "is for another name"],
    [good, { ca: (await makeAuthority()).cert }, "an authority that is not trusted here"],
    [await expired(authority, good), { ca }, "has expired"],
    [good, {}, "an authority that is not trusted here"],
  ];
  for (const [server, client, message] of cases) {
    assertStringIncludes(
      (await assertRejects(() => between(server, client), MorselError)).message,
      message,
    );
  }
});

test("a plain server is refused, and nothing is sent to it in plain", async () => {
  const listener = await denoNetwork.listen({ host: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const connection = (await listener.accept())!;
    const reader = connection.readable.getReader({ mode: "byob" });
    const { value } = await reader.read(new Uint8Array(1));
    connection.close();
    return value![0];
  })();
  const error = await assertRejects(
    () => nodeTls.connect({ ...listener.address, tls: {} }),
    MorselError,
  );
  assertStringIncludes(error.message, "does not speak TLS 1.3");
  assertEquals(await serving, 0x16); // the handshake of TLS
  listener.close();
});

test("a renewed certificate is shown from then on, and a broken one changes nothing", async () => {
  const [old, next] = [await makeAuthority(), await makeAuthority()];
  const listener = await nodeTls.listen(
    { host: "127.0.0.1", port: 0 },
    await makeCertificate(old, HERE),
  );
  const connects = async (ca: string) =>
    (await nodeTls.connect({ ...listener.address, tls: { ca } })).close();
  assertThrows(() => listener.renew({ cert: "broken", key: "broken" }));
  await connects(old.cert);
  listener.renew(await makeCertificate(next, HERE));
  await connects(next.cert);
  await assertRejects(() => connects(old.cert));
  listener.close();
});
