import { assertEquals, assertMatch } from "@std/assert";
import { CliRun } from "../support/cli_run.ts";

const ID = "00112233445566778899aabbccddeeff";

async function opened(): Promise<CliRun> {
  const run = await CliRun.open();
  run.remote.add("a.txt", "content");
  run.remote.unfinished = [{
    id: ID,
    name: "big.iso",
    declaredSize: 4 * 1024 ** 3,
    durable: 3 * 1024 ** 3,
    begunMs: 1_700_000_000_000,
    activeMs: 1_700_000_600_000,
    isAttached: false,
  }];
  return run;
}

Deno.test("verify says how many blocks were proven, for people and for scripts", async () => {
  await using run = await opened();
  assertEquals(await run.run("verify", "a.txt", "--sample", "5"), 0);
  assertMatch(run.out, /^a\.txt {2}v1 {2}1 of 1 blocks proven {2}[0-9a-f]{64}\n$/);
  const before = run.out.length;
  assertEquals(await run.run("verify", "a.txt", "--json"), 0);
  const { name, blocks, of } = JSON.parse(run.out.slice(before));
  assertEquals([name, blocks, of], ["a.txt", 1, 1]);
});

Deno.test("verify of a file that is not there is exit code 4, and of no sample a mistake", async () => {
  await using run = await opened();
  assertEquals(await run.run("verify", "nope"), 4);
  assertEquals(await run.run("verify", "a.txt", "--sample", "0"), 2);
});

Deno.test("uploads lists what was not finished, and forgets one", async () => {
  await using run = await opened();
  assertEquals(await run.run("uploads"), 0);
  assertEquals(
    run.out,
    `${ID}  3.0 GiB of 4.0 GiB  waiting  2023-11-14 22:23:20Z  big.iso\n`,
  );
  assertEquals(await run.run("uploads", "--abort", ID), 0);
  assertEquals(run.remote.unfinished, []);
});

Deno.test("verify and uploads show control characters in names as what they are", async () => {
  await using run = await opened();
  const name = "a\x1b[2J\nb";
  run.remote.add(name, "content");
  run.remote.unfinished = [{ ...run.remote.unfinished[0]!, name }];
  assertEquals(await run.run("verify", name), 0);
  assertEquals(await run.run("uploads"), 0);
  assertEquals(run.out.split("a\\u001b[2J\\u000ab").length, 3);
  assertEquals(run.out.split("\n").length, 3);
});
