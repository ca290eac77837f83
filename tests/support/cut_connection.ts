// A connection that is lost after so many bytes, as a cable is cut: in the middle of whatever is under way.

import type { Connection } from "../../lib/base/connection.ts";

/** Where a connection is cut: after so many bytes out, or in. */
export interface Cut {
  readonly afterSent?: number;
  readonly afterReceived?: number;
}

/** The same connection, until it is cut. */
export function cutConnection(connection: Connection, cut: Cut): Connection {
  const { afterSent = Infinity, afterReceived = Infinity } = cut;
  const writer = connection.writable.getWriter();
  const reader = connection.readable.getReader({ mode: "byob" });
  let sent = 0;
  let received = 0;
  const writable = new WritableStream<Uint8Array>({
    write: async (bytes) => {
      const passed = bytes.subarray(0, Math.max(0, afterSent - sent));
      sent += passed.length;
      if (passed.length > 0) await writer.write(passed);
      if (passed.length === bytes.length) return;
      connection.close();
      throw new Error("The cable is cut");
    },
    close: () => writer.close(),
    abort: () => connection.close(),
  });
  const readable = new ReadableStream<Uint8Array>({
    type: "bytes",
    pull: async (controller) => {
      const request = (controller as ReadableByteStreamController).byobRequest!;
      const room = Math.min(request.view!.byteLength, afterReceived - received);
      if (room <= 0) {
        connection.close();
        throw new Error("The cable is cut");
      }
      const { value, done } = await reader.read(new Uint8Array(room));
      if (done) {
        controller.close();
        return request.respond(0);
      }
      received += value.length;
      const into = new Uint8Array(request.view!.buffer, request.view!.byteOffset);
      into.set(value);
      request.respond(value.length);
    },
    cancel: () => connection.close(),
  });
  return {
    readable,
    writable,
    get bytesWritten() {
      return connection.bytesWritten;
    },
    remote: connection.remote,
    close: () => connection.close(),
  };
}
