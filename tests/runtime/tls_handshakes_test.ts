// The handshakes of a listener that are under way, as they are counted.

import { assertEquals } from "@std/assert";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { MAX_HANDSHAKES_OF_ADDRESS, TlsHandshakes } from "../../lib/runtime/tls_handshakes.ts";

function socketFrom(remotePort: number) {
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress: "10.0.0.1",
    remotePort,
    isDestroyed: false,
    destroy: () => void (socket.isDestroyed = true),
  });
  return socket;
}

Deno.test("a connection from a port whose last one is not yet told as closed is counted once", () => {
  const refused: string[] = [];
  const handshakes = new TlsHandshakes({
    patienceMs: 60_000,
    onRefusal: (_, why) => refused.push(why),
  });
  const begin = (port: number) => {
    const socket = socketFrom(port);
    handshakes.begin(socket as unknown as Socket);
    return socket;
  };
  for (let turn = 0; turn < 2 * MAX_HANDSHAKES_OF_ADDRESS; turn++) {
    const [former, next] = [begin(7), begin(7)];
    former.emit("close");
    assertEquals(handshakes.end("10.0.0.1:7"), true, "the one that is under way is known");
    next.emit("close");
  }
  const others = Array.from(
    { length: MAX_HANDSHAKES_OF_ADDRESS },
    (_, index) => begin(100 + index),
  );
  assertEquals(others.filter(({ isDestroyed }) => isDestroyed), []);
  assertEquals(begin(99).isDestroyed, true);
  for (const { remotePort } of others) handshakes.end(`10.0.0.1:${remotePort}`);
  assertEquals(
    refused.at(-1),
    `${MAX_HANDSHAKES_OF_ADDRESS} handshakes of this address are under way`,
  );
});
