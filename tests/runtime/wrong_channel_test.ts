// TLS where none is spoken, and the reverse: one clear end for whoever comes, and a bound on those who only begin.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { connect } from "../../client.ts";
import { errorCodeOf, MorselError } from "../../lib/base/errors.ts";
import { wait } from "../../lib/base/wait.ts";
import type { Address } from "../../lib/runtime/connection.ts";
import { nodeTls } from "../../lib/runtime/node_tls.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { MAX_HANDSHAKES_OF_ADDRESS } from "../../lib/runtime/tls_handshakes.ts";
import { FrameReader } from "../../lib/protocol/frame_reader.ts";
import type { LogRecord } from "../../lib/server/server_log.ts";
import { type RunningServer, serve } from "../../server.ts";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";

/** Longer than any of this takes: whoever hangs fails by it. */
const PATIENCE_MS = 8000;
const HERE: Address = { host: "127.0.0.1", port: 0 };

/** What a TLS client says first, as far as anybody looks. */
const CLIENT_HELLO = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...new Uint8Array(500));

/** What the server has told of all that, in the end. */
async function withServer(
  options: { tls: boolean; clientCaFile?: string },
  work: (server: RunningServer) => Promise<void>,
): Promise<LogRecord[]> {
  const folder = await Deno.makeTempDir();
  const records: LogRecord[] = [];
  const server = await serve({
    address: HERE,
    dataFolder: folder,
    ...(options.tls && {
      tls: {
        certificate: "auto",
        ...(options.clientCaFile !== undefined && { clientCaFile: options.clientCaFile }),
      },
    }),
    log: (record) => records.push(record),
  });
  try {
    await work(server);
  } finally {
    await server.close();
    await Deno.remove(folder, { recursive: true });
  }
  return records;
}

/** What a server answers to bytes until it ends the connection, which it has to do by itself. */
async function answerTo({ port }: Address, bytes: Uint8Array): Promise<Uint8Array> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const patience = new AbortController();
  const late = wait(systemClock, PATIENCE_MS, patience.signal).then(() => {
    throw new Error("The server has not ended the connection");
  }, () => new Uint8Array());
  const read = async () => {
    await connection.write(bytes);
    const all: number[] = [];
    const buffer = new Uint8Array(1024);
    for (;;) {
      const count = await connection.read(buffer).catch(() => null);
      if (count === null) return Uint8Array.from(all);
      all.push(...buffer.subarray(0, count));
    }
  };
  const answer = await Promise.race([read(), late]);
  patience.abort();
  await late;
  return answer;
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  const { message } = await assertRejects(() => work, MorselError);
  assert(!message.includes("\n"), message);
  return message;
}

Deno.test("HTTP on a TLS port ends at once with an alert, and the log tells of it", async () => {
  const records = await withServer({ tls: true }, async ({ address }) => {
    const answer = await answerTo(address, new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    if (answer.length > 0) assertEquals([...answer.subarray(0, 2)], [0x15, 3]);
  });
  assertEquals(records.map(({ event }) => event), [
    "listening",
    "tls_failed",
    "stopping",
    "stopped",
  ]);
  assertMatch(records[1]!.peer!, /^127\.0\.0\.1:\d+$/);
});

Deno.test("TLS on a plain port ends at once with an Error, and the log tells of it", async () => {
  const records = await withServer({ tls: false }, async ({ address }) => {
    const answer = await answerTo(address, CLIENT_HELLO);
    const frames = new FrameReader(new Blob([answer.slice()]).stream(), { maxFrame: 4096 });
    await frames.fill();
    const message = frames.take();
    assertEquals(message?.type === "Error" && errorCodeOf(message.code), "protocol");
  });
  assertEquals(records.find(({ event }) => event === "disconnect")?.code, "protocol");
});

Deno.test("a client with the wrong kind of address is told in one line, both ways", async () => {
  await withServer({ tls: true }, async ({ address, tlsAddress }) => {
    assertStringIncludes(await messageOf(connect(address)), "morsels://");
    await (await connect(tlsAddress!)).close();
  });
  await withServer({ tls: false }, async ({ address: { host, port } }) => {
    const message = await messageOf(connect(`morsels://${host}:${port}`));
    assertStringIncludes(message, "does not speak TLS 1.3, and nothing is sent to it in plain");
    await (await connect(`morsel://${host}:${port}`)).close();
  });
});

Deno.test("a client without the certificate that the server wants is told so", async () => {
  const clientCaFile = await Deno.makeTempFile();
  await Deno.writeTextFile(clientCaFile, (await makeAuthority()).cert);
  await withServer({ tls: true, clientCaFile }, async ({ tlsAddress }) => {
    // Some servers say why and some only close.
    assertStringIncludes(await messageOf(connect(tlsAddress!)), "with --tls-cert and --tls-key");
  });
  await Deno.remove(clientCaFile);
});

Deno.test("one address has so many handshakes under way and no more, and each is free again", async () => {
  const authority = await makeAuthority();
  const refusals: string[] = [];
  const refused = Promise.withResolvers<void>();
  const listener = await nodeTls.listen(HERE, await makeCertificate(authority, "127.0.0.1"), {
    onRefusal: (remote, why) => {
      refusals.push(`${remote} ${why}`);
      refused.resolve();
    },
  });
  const { port } = listener.address;
  const dial = () => Deno.connect({ hostname: "127.0.0.1", port });
  const crowd = await Promise.all(Array.from({ length: MAX_HANDSHAKES_OF_ADDRESS }, dial));
  assertEquals((await answerTo(listener.address, new Uint8Array())).length, 0);
  await refused.promise;
  assertMatch(refusals[0]!, /^127\.0\.0\.1:\d+ 128 handshakes of this address are under way$/);
  for (const one of crowd) one.close();
  const come = async () => {
    const address = { ...listener.address, tls: { ca: authority.cert } };
    const endMs = systemClock.monotonicMs() + PATIENCE_MS;
    for (;;) {
      try {
        return await nodeTls.connect(address);
      } catch (error) {
        // Those that have gone are being noticed.
        if (systemClock.monotonicMs() > endMs) throw error;
      }
    }
  };
  (await come()).close();
  listener.close();
});
