// deno-lint-ignore-file no-console
// Throughput by chunk size: the real client and the real server, in two processes, over TCP on loopback.
// What is moved is compared before it is timed. `deno bench -A bench/chunk_sizes_bench.ts`

import { assertEquals } from "@std/assert";
import { connect, type FileClient } from "../mod.ts";
import { startChild } from "./child_process.ts";

const CHUNK_SIZES = [
  ...[256, 512, 1024, 1200, 1300, 1400, 1448, 1460],
  ...[2048, 4096, 16384, 65536, 262144, 1048576],
];
const SIZE = 64 * 1024 * 1024;
const RESULTS = new URL("results/chunk_sizes.json", import.meta.url);

for (const name of ["read", "write", "net", "run"] as const) {
  const { state } = await Deno.permissions.request({ name });
  if (state === "granted") continue;
  console.error("This bench starts a server and keeps files: run it as deno bench -A");
  Deno.exit(2);
}

const folder = await Deno.makeTempDir();
const server = await startChild("../server.ts", "--listen", "127.0.0.1:0", "--data", folder);
const control = await startChild("control_server.ts");
const client = await connect({ host: "127.0.0.1", port: server.port });
const raw = await Deno.connect({ hostname: "127.0.0.1", port: control.port });
const content = pattern(SIZE);
const timings = new Map<string, number[]>();
await client.put("content", content);

for (const chunkSize of CHUNK_SIZES) {
  await verify(client, chunkSize);
  row("download", `chunks of ${chunkSize}`, () => download(chunkSize));
  row("upload", `chunks of ${chunkSize}`, async () => {
    await client.put("upload", content, { chunkSize });
  });
}
row("download", "control: plain TCP", () => rawDownload(SIZE));
row("upload", "control: plain TCP", () => rawUpload(content));

globalThis.addEventListener("unload", () => report());

/** Adds a row, and keeps its times for the table in MB/s that `deno bench` does not print. */
function row(group: string, name: string, move: () => Promise<void>): void {
  const key = `${group}, ${name}`;
  timings.set(key, []);
  const baseline = name.startsWith("control");
  Deno.bench({
    name: `${group} 64 MiB, ${name}`,
    group,
    baseline,
    n: 5,
    warmup: 1,
    fn: async () => {
      const began = performance.now();
      await move();
      timings.get(key)!.push(performance.now() - began);
    },
  });
}

async function verify(client: FileClient, chunkSize: number): Promise<void> {
  const name = `verify ${chunkSize}`;
  const sample = content.subarray(0, 3_000_001);
  await client.put(name, sample, { chunkSize });
  const download = await client.get(name, { chunkSize });
  assertEquals(indexOfDifference(await download.bytes(), sample), -1);
}

async function download(chunkSize: number): Promise<void> {
  const download = await client.get("content", { chunkSize });
  let size = 0;
  await download.copyTo({
    write: (run) => {
      size += run.length;
      return Promise.resolve();
    },
  });
  assertEquals(size, SIZE);
}

async function rawDownload(size: number): Promise<void> {
  await raw.write(order(BigInt(size)));
  const piece = new Uint8Array(256 * 1024);
  for (let taken = 0; taken < size;) taken += await raw.read(piece) ?? size;
}

async function rawUpload(bytes: Uint8Array): Promise<void> {
  await raw.write(order(BigInt(bytes.length) | 1n << 63n));
  for (let sent = 0; sent < bytes.length;) {
    sent += await raw.write(bytes.subarray(sent, sent + 256 * 1024));
  }
  await raw.read(new Uint8Array(1));
}

function order(wish: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, wish);
  return bytes;
}

function indexOfDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  return a.findIndex((byte, index) => byte !== b[index]);
}

function pattern(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) bytes[index] = (index * 31 + (index >> 11)) & 0xff;
  return bytes;
}

/** Prints medians as MB/s with their spread, and writes them to a file. */
function report(): void {
  const rows = [...timings].filter(([, times]) => times.length > 0).map(([name, times]) => {
    const rates = times.map((ms) => SIZE / ms / 1000).sort((a, b) => a - b);
    const rounded = (rate: number) => Math.round(rate);
    return {
      name,
      runs: rates.length,
      medianMBs: rounded(rates[Math.floor(rates.length / 2)]!),
      minMBs: rounded(rates[0]!),
      maxMBs: rounded(rates.at(-1)!),
    };
  });
  console.log("\nMB/s of payload (10^6 bytes), median of the runs, 64 MiB each:");
  console.table(rows);
  const { os, arch } = Deno.build;
  const machine = { os, arch, cores: navigator.hardwareConcurrency, deno: Deno.version.deno };
  Deno.mkdirSync(new URL(".", RESULTS), { recursive: true });
  Deno.writeTextFileSync(RESULTS, JSON.stringify({ machine, rows }, null, 2) + "\n");
}
