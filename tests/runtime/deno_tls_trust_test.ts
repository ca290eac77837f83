// Whom a client on Deno trusts: the authorities that it is given and nobody else, or those of the system without any.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams";
import type { Address } from "../../lib/runtime/connection.ts";
import { denoTls } from "../../lib/runtime/deno_tls.ts";
import {
  makeAuthority,
  makeCertificate,
  makeIntermediate,
  makeRoot,
} from "../support/certificates.ts";
import { startOn } from "../support/runtimes.ts";

const HERE: Address = { host: "127.0.0.1", port: 0 };
const DENO = { name: "Deno", version: Deno.version.deno, path: Deno.execPath() } as const;
const authority = await makeAuthority();

Deno.test("given an authority, a client trusts none of the system's", async () => {
  const folder = await Deno.makeTempDir();
  const listener = await denoTls.listen(HERE, await makeCertificate(authority, "127.0.0.1"));
  const at = { ...listener.address };
  const other = (await makeAuthority()).cert;
  await Deno.writeTextFile(`${folder}/system.pem`, authority.cert);
  const asked = [{ ...at, tls: {} }, { ...at, tls: { ca: other } }];
  const child = startOn(DENO, "tests/runtime/deno_tls_trust_main.ts", {
    args: [JSON.stringify(asked)],
    env: { DENO_CERT: `${folder}/system.pem` },
    stdout: "piped",
  });
  const [bySystem, byOther] = (await toText(child.stdout)).split("\n");
  assert((await child.status).success);
  assertEquals(bySystem, "connected");
  assertStringIncludes(byOther!, "Its certificate is of an authority that is not trusted here");
  listener.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a certificate may have others between it and the authority", async () => {
  const root = await makeRoot();
  const between = await makeIntermediate(root);
  const { cert, key } = await makeCertificate(between, "127.0.0.1");
  const listener = await denoTls.listen(HERE, { cert: cert + between.cert, key });
  await connects({ ...listener.address, tls: { ca: root.cert } });
  // Among several it is found, too.
  await connects({ ...listener.address, tls: { ca: authority.cert + root.cert } });
  listener.close();
});

Deno.test("one of several authorities is enough, each in PEM with whatever stands around", async () => {
  const listener = await denoTls.listen(HERE, await makeCertificate(authority, "127.0.0.1"));
  const ca = `# the old one\n${(await makeAuthority()).cert}\n# the new one\n${authority.cert}`;
  await connects({ ...listener.address, tls: { ca } });
  listener.close();
});

Deno.test("where Deno does not show the certificate, node:tls is asked, and binds to it all the same", async () => {
  const listener = await denoTls.listen(HERE, await makeCertificate(authority, "127.0.0.1"));
  const address = { ...listener.address, tls: { ca: authority.cert } };
  const { hostname, port } = { hostname: address.host, port: address.port };
  using tls = await Deno.connectTls({ hostname, port, caCerts: [authority.cert] });
  const prototype = Object.getPrototypeOf(tls);
  const symbol = Object.getOwnPropertySymbols(prototype)
    .find(({ description }) => description === "getPeerCertificate")!;
  const shows = prototype[symbol];
  assert(shows, "Deno has it no more: clients go through node:tls from now on");
  try {
    delete prototype[symbol];
    await connects(address);
  } finally {
    prototype[symbol] = shows;
  }
  listener.close();
});

Deno.test("who gives up while the server says nothing is let go at once", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname: host, port } = silent.addr;
  const stop = new AbortController();
  const connecting = denoTls.connect({ host, port, tls: {} }, { signal: stop.signal });
  using _held = await silent.accept();
  stop.abort(new Error("given up"));
  await assertRejects(() => connecting, Error, "given up");
});

async function connects(address: Address): Promise<void> {
  const connection = await denoTls.connect(address);
  assertEquals(connection.channelBinding?.type, "tls-server-end-point");
  connection.close();
}
