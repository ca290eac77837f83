// Commands that do not wait for the greeting say the same as if they did when it does not come.

import { assertEquals, assertMatch } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { clientProgram } from "../../lib/cli/client_program.ts";
import { EXIT } from "../../lib/cli/exit_codes.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { errorMessage } from "../../lib/server/error_message.ts";
import { FakeHost } from "../support/fake_host.ts";
import { memoryPair } from "../support/memory_connection.ts";
import { RawPeer } from "../support/raw_peer.ts";

const ANSWERS: Record<string, (peer: RawPeer) => unknown> = {
  "another protocol": (peer) =>
    peer.sendBytes(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")),
  "a refusal": (peer) =>
    peer.send(errorMessage(0, new MorselError("busy", "It is full; try later"))),
  "an end": (peer) => peer.end(),
};

const EARLY = [
  "put large",
  "get a",
  "cat a",
  "ls",
  "stat a",
  "mv a b",
  "cp a b",
  "verify a",
  "uploads",
];

for (const [what, send] of Object.entries(ANSWERS)) {
  Deno.test(`${what} in the place of a greeting is one line, whoever waits for it`, async () => {
    const waiting = await run("rm a", send);
    assertEquals([waiting.early, waiting.exitCode], [false, EXIT.connection]);
    assertMatch(waiting.err, /^morsel: [^\n]+\n$/);
    for (const line of EARLY) {
      assertEquals(await run(line, send), { ...waiting, early: true }, line);
    }
  });
}

async function run(line: string, send: (peer: RawPeer) => unknown) {
  await using host = await FakeHost.open();
  host.args = line.split(" ");
  await Deno.writeFile(`${host.folder}/large`, new Uint8Array(300_000));
  let isEarly = false;
  const exitCode = await clientProgram({
    host,
    clock: systemClock,
    version: "1.2.3",
    connect: (_, { early = false }) => {
      isEarly = early;
      const [near, far] = memoryPair();
      const peer = new RawPeer(far);
      const dial = async () => {
        void peer.expect("Hello").then(() => send(peer));
        return await Promise.resolve(near);
      };
      const [clock, retryMs] = [systemClock, 60_000];
      return FileClient.connect({ dial, clock, retryMs, random: () => 0, early });
    },
  });
  return { early: isEarly, exitCode, err: host.stderr.text };
}
