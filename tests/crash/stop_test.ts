// The clean stop of a real server: SIGTERM lets running transfers end within the grace, cuts the others at
// its end, and ends with 0; a second one does not wait.

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { errorCodeOf } from "../../lib/base/errors.ts";
import { parseAddress } from "../../lib/cli/address.ts";
import { denoNetwork } from "../../lib/runtime/deno_network.ts";
import { connect } from "../../mod.ts";
import { contentOf } from "../support/content.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { begin, commit, data, read, stat } from "../support/requests.ts";
import { ServerProcess } from "../support/server_process.ts";

/** The grace of a server that was told nothing else, in milliseconds. */
const GRACE_MS = 5000;
/** More than what is on its way between two sockets. */
const LARGE = contentOf(64 * 1024 * 1024);

interface Place {
  readonly server: ServerProcess & { address: string };
  readonly dataFolder: string;
}

async function atPlace(act: (place: Place) => Promise<void>): Promise<void> {
  const dataFolder = await Deno.makeTempDir({ prefix: "morsel-stop-" });
  const server = await ServerProcess.start({ dataFolder });
  try {
    await act({ server, dataFolder });
  } finally {
    await server[Symbol.asyncDispose]();
    await Deno.remove(dataFolder, { recursive: true });
  }
}

async function peerOf({ address }: { address: string }): Promise<RawPeer> {
  return new RawPeer(await denoNetwork.connect(parseAddress(address, { source: "address" })));
}

/** Ends the server and returns how it ended and how long it took, in milliseconds. */
async function stopped({ server }: Place, signal: Deno.Signal = "SIGTERM") {
  const startedMs = performance.now();
  server.kill(signal);
  const { code, signal: killedBy } = await server.ended;
  return { code, killedBy, tookMs: performance.now() - startedMs };
}

/** The names on a server that is started again. */
async function namesAfter({ dataFolder }: Place): Promise<string[]> {
  await using server = await ServerProcess.start({ dataFolder });
  await using client = await connect(server.address);
  return await Array.fromAsync(client.list(), ({ name }) => name);
}

Deno.test("SIGTERM announces the end, takes no new work, and lets an upload end within the grace", () =>
  atPlace(async (place) => {
    const peer = await peerOf(place.server);
    await peer.greet();
    const content = contentOf(300_000);
    await peer.send(begin(1, { name: "late" }), data(1, content.subarray(0, 1000)));
    await peer.expect("Begun");
    const stop = stopped(place);
    assertEquals((await peer.expect("Drain")).graceMs, GRACE_MS);
    await peer.send(stat(2), begin(3, { name: "too late" }));
    for (const tag of [2, 3]) {
      const refusal = await peer.expect("Error");
      assertEquals([refusal.tag, errorCodeOf(refusal.code)], [tag, "draining"]);
    }
    await peer.send(
      { type: "Cancel", tag: 3 },
      data(1, content.subarray(1000), 1000),
      commit(1, content),
    );
    assertEquals((await peer.expect("File")).name, "late");
    await assertParted(peer);
    const { code, killedBy, tookMs } = await stop;
    assertEquals([code, killedBy], [0, null]);
    assertLess(tookMs, GRACE_MS, "it waited though nothing was under way");
    assertEquals(await namesAfter(place), ["late"]);
  }));

Deno.test("SIGINT lets a download that was asked for end whole", () =>
  atPlace(async (place) => {
    await using client = await connect(place.server.address);
    await client.put("a", LARGE);
    await client.close();
    const peer = await peerOf(place.server);
    await peer.greet();
    await peer.send(read(1));
    await peer.expect("File");
    const stop = stopped(place, "SIGINT");
    let received = 0;
    for (let message = await peer.next(); message?.type !== "End"; message = await peer.next()) {
      assert(message?.type === "Data" || message?.type === "Drain", `${message?.type} came`);
      if (message.type === "Data") received += message.data.length;
    }
    assertEquals(received, LARGE.length);
    await assertParted(peer);
    const { code, tookMs } = await stop;
    assertEquals(code, 0);
    assertLess(tookMs, GRACE_MS);
  }));

Deno.test("SIGTERM cuts a download over a slow reader at the end of the grace, and ends with 0", () =>
  atPlace(async (place) => {
    await using client = await connect(place.server.address);
    await client.put("a", LARGE);
    await client.close();
    const peer = await peerOf(place.server);
    await peer.greet();
    void peer.send(read(1));
    await peer.expect("File");
    const { code, tookMs } = await stopped(place);
    assertEquals(code, 0);
    assertGreater(tookMs, GRACE_MS * 0.95);
    assertLess(tookMs, GRACE_MS + 3000);
    // What was on its way still arrives; the end of the range does not.
    const messages = await peer.rest().catch(() => []);
    assert(!messages.some(({ type }) => type === "End"));
    peer.connection.close();
    assertEquals(await namesAfter(place), ["a"]);
  }));

Deno.test("SIGTERM waits no longer than a moment for clients that want nothing, greeted or not", () =>
  atPlace(async (place) => {
    const greeted = await peerOf(place.server);
    await greeted.greet();
    const silent = await peerOf(place.server);
    const half = await peerOf(place.server);
    await half.sendBytes(new Uint8Array([0, 0, 0]));
    // A request that is answered shows that the server has taken all of them in.
    await (await connect(place.server.address)).close();
    const stop = stopped(place);
    await greeted.expect("Drain");
    await assertParted(greeted);
    for (const peer of [silent, half]) {
      const [refusal, ...more] = await peer.rest();
      assert(refusal?.type === "Error" && more.length === 0);
      assertEquals([refusal.tag, errorCodeOf(refusal.code)], [0, "draining"]);
    }
    const { code, tookMs } = await stop;
    assertEquals(code, 0);
    // Not one of them has closed its end, which the server waits for a moment.
    assertLess(tookMs, GRACE_MS * 0.8);
    for (const peer of [greeted, silent, half]) peer.connection.close();
  }));

Deno.test("a second SIGTERM does not wait for the grace, and nothing is half", () =>
  atPlace(async (place) => {
    const peer = await peerOf(place.server);
    await peer.greet();
    await peer.send(begin(1, { name: "half" }), data(1, contentOf(200_000)));
    await peer.expect("Begun");
    const first = stopped(place);
    await peer.expect("Drain");
    const second = await stopped(place);
    assertEquals([second.code, second.killedBy], [143, null]);
    assertLess(second.tookMs, GRACE_MS / 2);
    await first;
    peer.connection.close();
    assertEquals(await namesAfter(place), []);
  }));

/** The session was ended on purpose: what has no reply by then was not carried out. */
async function assertParted(peer: RawPeer): Promise<void> {
  const last = await peer.expect("Error");
  assertEquals([last.tag, errorCodeOf(last.code)], [0, "draining"]);
  assertEquals(await peer.rest(), []);
}
