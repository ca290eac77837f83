// deno-lint-ignore-file no-console
// The control of the throughput bench: moves bytes over TCP with no protocol of Morsel's. A client sends
// 8 bytes: how many it wants to get or, with the top bit set, how many it is about to send, for which it
// then gets one byte back. Started as a process of its own; prints its port.

const PIECE = new Uint8Array(256 * 1024);

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(listener.addr.port);
for await (const connection of listener) {
  serve(connection).catch((error) => console.error(error));
}

async function serve(connection: Deno.TcpConn): Promise<void> {
  const order = new Uint8Array(8);
  while (await connection.read(order) === 8) {
    const wish = new DataView(order.buffer).getBigUint64(0);
    const size = Number(wish & 0x7fff_ffff_ffff_ffffn);
    if (wish >> 63n) await take(connection, size);
    else await give(connection, size);
  }
  connection.close();
}

async function give(connection: Deno.TcpConn, size: number): Promise<void> {
  for (let sent = 0; sent < size;) {
    sent += await connection.write(PIECE.subarray(0, Math.min(PIECE.length, size - sent)));
  }
}

async function take(connection: Deno.TcpConn, size: number): Promise<void> {
  const piece = new Uint8Array(PIECE.length);
  for (let taken = 0; taken < size;) {
    taken += await connection.read(piece) ?? size;
  }
  await connection.write(Uint8Array.of(1));
}
