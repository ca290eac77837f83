// TLS between any two runtimes that are there: who gets in, who does not, and the one line that each is told.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams";
import { wait } from "../../lib/base/wait.ts";
import type { Address, ClientTls } from "../../lib/runtime/connection.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import {
  makeAuthority,
  makeCertificate,
  makeClientCertificate,
  makeExpired,
} from "../support/certificates.ts";
import { findRuntimes, type Runtime, startOn, tellMissing, usable } from "../support/runtimes.ts";
import type { AskedAddress } from "./tls_cases_main.ts";
import type { PeerTls } from "./tls_peer_main.ts";

/** A server, how a client asks it, and what the client must see. */
interface Case {
  readonly sentence: string;
  /** Plain TCP without it. */
  readonly server?: PeerTls;
  /** Plain TCP without it. */
  readonly client?: ClientTls;
  readonly host?: string;
  readonly isSilent?: boolean;
  readonly isSlow?: boolean;
  readonly sees: string | RegExp;
}

const PATIENCE_MS = 30_000;
const HANDSHAKE_MS = 300;

const found = await findRuntimes();
tellMissing(found, "TLS");
const cases = await makeCases();
for (const server of usable(found)) {
  for (const client of usable(found)) {
    const name = `${server.name} ${server.version} speaks TLS to ${client.name} ${client.version}`;
    Deno.test(name, async (test) => {
      const outcomes = await tryPair(server, client);
      for (const [index, { sentence, sees }] of cases.entries()) {
        await test.step(sentence, () => {
          if (typeof sees === "string") assertStringIncludes(outcomes[index]!, sees);
          else assertMatch(outcomes[index]!, sees);
          assert(!outcomes[index]!.includes("\n"), outcomes[index]);
        });
      }
      assertEquals(outcomes.length, cases.length);
    });
  }
}

async function makeCases(): Promise<readonly Case[]> {
  const [authority, foreign, clients] = await Promise.all([
    makeAuthority(),
    makeAuthority(),
    makeAuthority(),
  ]);
  const ca = authority.cert;
  const good = await makeCertificate(authority, "127.0.0.1", "localhost");
  const choosy = { ...good, clientCa: clients.cert };
  const renewed = { ...good, next: await makeCertificate(foreign, "127.0.0.1") };
  const renewedMeanwhile = { ...renewed };
  // Some servers say why and some only close.
  const refused = "with --tls-cert and --tls-key";
  return [
    { sentence: "the right address", server: good, client: { ca }, sees: "bound alike" },
    {
      sentence: "the right name",
      server: good,
      client: { ca },
      host: "localhost",
      sees: "bound alike",
    },
    {
      sentence: "a wrong name",
      server: await makeCertificate(authority, "other.example"),
      client: { ca },
      sees: "Its certificate is for another name",
    },
    {
      sentence: "a foreign authority",
      server: good,
      client: { ca: foreign.cert },
      sees: /of an authority that is not trusted here.*copy the morsels:\/\/ line .*--tls-ca/,
    },
    {
      sentence: "an authority that the system does not know",
      server: good,
      client: {},
      sees: "Its certificate is of an authority that is not trusted here",
    },
    {
      sentence: "an expired certificate",
      server: await makeExpired(authority, "127.0.0.1"),
      client: { ca },
      sees: /has expired; .*renew .* on the server,? and see that both clocks are right$/,
    },
    {
      sentence: "a client certificate as it should be",
      server: choosy,
      client: { ca, ...await makeClientCertificate(clients) },
      sees: "bound alike",
    },
    {
      sentence: "a missing client certificate",
      server: choosy,
      client: { ca },
      sees: refused,
    },
    {
      sentence: "a client certificate of a foreign authority",
      server: choosy,
      client: { ca, ...await makeClientCertificate(foreign) },
      sees: refused,
    },
    { sentence: "before a renewal", server: renewed, client: { ca }, sees: "bound alike" },
    {
      sentence: "after the renewal",
      server: renewed,
      client: { ca: foreign.cert },
      sees: "bound alike",
    },
    {
      sentence: "a handshake that a renewal comes into",
      server: renewedMeanwhile,
      client: { ca },
      isSlow: true,
      sees: "bound alike",
    },
    {
      sentence: "a client certificate that is none",
      server: good,
      client: { ca, cert: "broken", key: "broken" },
      sees: "The client's certificate cannot be used",
    },
    { sentence: "a plain server", client: { ca }, sees: "does not speak TLS 1.3" },
    { sentence: "a plain client", server: good, sees: "closed" },
    {
      sentence: "a client that says nothing",
      server: { ...good, handshakeMs: HANDSHAKE_MS },
      isSilent: true,
      sees: "closed",
    },
  ];
}

/** What the client saw in each case. */
async function tryPair(server: Runtime, client: Runtime): Promise<string[]> {
  // One for all the cases that it serves, so that a renewal is seen by the next.
  const servers = [...new Set(cases.flatMap((one) => one.server ?? []))];
  const peer = startOn(server, "tests/runtime/tls_peer_main.ts", {
    args: [JSON.stringify(servers)],
    stdout: "piped",
  });
  const lines = peer.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const addresses = JSON.parse((await lines.read()).value!) as Address[];
    const asked = cases.map(({ server, client, host = "127.0.0.1", isSilent, isSlow }) => ({
      ...addresses[server ? servers.indexOf(server) : servers.length]!,
      host,
      tls: client,
      isSilent,
      isSlow,
    }));
    return await runClient(client, asked);
  } finally {
    peer.kill("SIGKILL");
    await lines.cancel();
    await peer.status;
  }
}

async function runClient(client: Runtime, asked: readonly AskedAddress[]): Promise<string[]> {
  const child = startOn(client, "tests/runtime/tls_cases_main.ts", {
    args: [JSON.stringify(asked)],
    stdout: "piped",
  });
  const patience = new AbortController();
  void wait(systemClock, PATIENCE_MS, patience.signal).then(() => child.kill(), () => {});
  const [out, { success }] = await Promise.all([toText(child.stdout), child.status]);
  patience.abort();
  assert(success, `The client ended early, after ${out}`);
  return out.trim().split("\n").map((line) => JSON.parse(line));
}
