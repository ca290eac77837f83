// Where the certificates of a server come from, and how they change while it works.

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import type { Address, ServerTls, TlsListener } from "../../lib/runtime/connection.ts";
import { nodeTls } from "../../lib/runtime/node_tls.ts";
import { keepTls, loadTls, type ServerTlsOptions } from "../../lib/runtime/server_tls.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { wait } from "../../lib/base/wait.ts";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { FakeClock } from "../support/fake_clock.ts";

const HERE: Address = { host: "127.0.0.1", port: 0 };
const DAY_MS = 24 * 60 * 60 * 1000;

const authority = await makeAuthority();
const certificate = await makeCertificate(authority, "127.0.0.1");

async function connects({ address }: TlsListener, ca: string): Promise<void> {
  (await nodeTls.connect({ ...address, tls: { ca } })).close();
}

Deno.test("a certificate that is broken changes nothing for a listener", async () => {
  const listener = await nodeTls.listen(HERE, certificate);
  assertThrows(() => listener.renew({ cert: "broken", key: "broken" }));
  await connects(listener, authority.cert);
  listener.close();
});

/** Files of a certificate in a temporary folder. */
class Files implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync();
  readonly certificate = { certFile: `${this.folder}/cert`, keyFile: `${this.folder}/key` };

  async write({ cert, key }: ServerTls): Promise<void> {
    await Deno.writeTextFile(this.certificate.certFile, cert);
    await Deno.writeTextFile(this.certificate.keyFile, key);
  }

  load(options: Partial<ServerTlsOptions> = {}, nowMs = Date.now()) {
    const place = { host: "127.0.0.1", folder: `${this.folder}/tls`, nowMs };
    return loadTls({ certificate: this.certificate, ...options }, place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("new files are shown without a restart, and broken ones are told of once", async () => {
  await using files = new Files();
  await files.write(certificate);
  const clock = new FakeClock();
  const shown = await files.load();
  const listener = await nodeTls.listen(HERE, shown);
  const errors: unknown[] = [];
  let looks = 0;
  const load = () => files.load().finally(() => looks++);
  let renewals = 0;
  const stop = keepTls(listener, {
    load,
    shown,
    clock,
    onRenewal: () => void renewals++,
    onError: (error) => errors.push(error),
  });
  const look = async () => {
    const before = looks;
    await clock.advance(10_000);
    while (looks === before) await wait(systemClock, 1);
    await wait(systemClock, 1); // what comes behind the look itself
  };
  await files.write({ cert: "broken", key: certificate.key });
  await look();
  await look();
  assertEquals(errors.length, 1);
  assertStringIncludes(
    String(errors[0]),
    "stay the old ones, as new ones cannot be used: There is",
  );
  await connects(listener, authority.cert);
  const next = await makeAuthority();
  await files.write(await makeCertificate(next, "127.0.0.1"));
  await look();
  await connects(listener, next.cert);
  await assertRejects(() => connects(listener, authority.cert), MorselError);
  assertEquals([errors.length, renewals], [1, 1]);
  stop();
  listener.close();
});

Deno.test("files that cannot be used are told of by their names", async () => {
  await using files = new Files();
  const { certFile, keyFile } = files.certificate;
  const says = async (message: string) => {
    const error = await assertRejects(() => files.load(), MorselError);
    assertEquals([error.message, error.code], [message, "invalid"]);
  };
  await says(`Cannot read the certificate in ${certFile}: there is no such file`);
  await files.write({ cert: certificate.cert, key: "nothing" });
  await says(`There is no private key in PEM in ${keyFile}`);
  await files.write({ ...certificate, key: authority.key });
  await says(`The key in ${keyFile} is not that of the certificate in ${certFile}`);
  await assertRejects(
    () => files.load({ certificate: "auto", names: ["not a name"] }),
    MorselError,
    'A certificate cannot be for the name "not a name"',
  );
});

Deno.test("a server's own certificates are made once, for their owner only, and renewed in time", async () => {
  await using files = new Files();
  const now = Date.now();
  const load = (names: string[], afterDays = 0) =>
    files.load({ certificate: "auto", names }, now + afterDays * DAY_MS);
  const first = await load([]);
  assertEquals(first.reachedAs, "127.0.0.1");
  for (const [name, own] of [["", 0o700], ["ca.key", 0o600], ["server.key", 0o600]] as const) {
    const { mode } = await Deno.stat(`${files.folder}/tls/${name}`);
    assert(mode === null || (mode & 0o777) === own, `${name} is open to others`);
  }
  assertEquals(await load([], 59), first);
  const renewed = await load([], 61);
  assertNotEquals(renewed.cert, first.cert);
  assertEquals(renewed.ca, first.ca);
  const named = await load(["files.example"], 61);
  assertNotEquals(named.cert, renewed.cert);
  assertEquals([named.reachedAs, named.ca], ["files.example", first.ca]);
  // As a crash between its two files leaves it.
  await Deno.remove(`${files.folder}/tls/server.pem`);
  const again = await load([], 0);
  const listener = await nodeTls.listen(HERE, again);
  await connects(listener, first.ca!);
  listener.close();
});

Deno.test("a key is not written into a file that others may have open", async () => {
  await using files = new Files();
  await Deno.mkdir(`${files.folder}/tls`);
  const left = `${files.folder}/tls/server.key.new`;
  await Deno.writeTextFile(left, "", { mode: 0o644 });
  using seen = await Deno.open(left);
  const { key } = await files.load({ certificate: "auto" });
  assertEquals(await Deno.readTextFile(`${files.folder}/tls/server.key`), key);
  assertEquals(await seen.read(new Uint8Array(1)), null);
});
