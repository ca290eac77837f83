// The comparison as a program, with Morsel, the least program and little to move: that it runs, and leaves nothing
// behind.

import { assertEquals, assertMatch } from "@std/assert";
import type { BenchResults } from "../../bench/peers/run_bench.ts";

const PROGRAM = new URL("../../bench/peers.ts", import.meta.url).pathname;
// Processor time and sockets of other processes are read from /proc.
const ignore = Deno.build.os !== "linux";

function bench(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", PROGRAM, "--peers", "morsel,least", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

Deno.test({
  name: "a comparison writes what it has measured, and removes the rest",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const results = await Deno.makeTempFile();
    const sizes = ["--rounds", "1", "--size", "1MiB", "--files", "3", "--seconds", "1"];
    const work = ["--only", "get,put,small-put,latency,start"];
    const child = bench(...sizes, ...work, "--folder", folder, "--output", results);
    assertEquals((await child.output()).code, 0);
    const { workloads, versions } = JSON.parse(await Deno.readTextFile(results)) as BenchResults;
    assertEquals(workloads.map(({ id, rows }) => `${id} ${rows.length}`), [
      "get 2",
      "put 2",
      "small-put 1",
      "latency 2",
      "start 1",
    ]);
    assertEquals(Object.keys(versions), ["morsel", "least"]);
    assertEquals([...Deno.readDirSync(folder)], []);
    await Deno.remove(folder);
    await Deno.remove(results);
  },
});

Deno.test({
  name: "Ctrl-C ends a comparison and removes everything",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const child = bench("--rounds", "1000", "--size", "1MiB", "--files", "3", "--folder", folder);
    let text = "";
    let code: Promise<number> | undefined;
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += piece;
      // Their servers are at work now.
      if (code || !text.includes("least: deno")) continue;
      child.kill("SIGINT");
      code = child.status.then((status) => status.code);
    }
    assertEquals(await code, 130);
    assertMatch(text, /Stopped; all is removed\n$/);
    assertEquals([...Deno.readDirSync(folder)], []);
    await Deno.remove(folder);
  },
});
