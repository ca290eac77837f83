// Connects to a port of this machine, and sends zeros or takes whatever comes, until the connection is closed.

const [port, what] = Deno.args;
const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
const bytes = new Uint8Array(1024 * 1024);
try {
  if (what === "send") { while (true) await connection.write(bytes); }
  while (await connection.read(bytes) !== null);
} catch {
  // The other side has closed it while there was something under way.
}
