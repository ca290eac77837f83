// The file of a log: docs/operating.md says how it is rotated.

import { assertEquals, assertRejects } from "@std/assert";
import { openLogFile } from "../../lib/runtime/log_file.ts";

const utf8 = new TextEncoder();

Deno.test("a log that was renamed or removed goes on in a new file, with what was there before left as it is", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/log`;
  await Deno.writeTextFile(path, "before\n");
  const file = await openLogFile(path);
  const append = (line: string) => file.append(utf8.encode(line));
  assertEquals(await append("one\n"), 4);
  await Deno.rename(path, `${path}.1`);
  await append("two\n");
  await Deno.rename(path, `${path}.2`);
  await Deno.writeTextFile(path, ""); // as logrotate does it with `create`
  await append("three\n");
  await Deno.remove(path);
  await append("four\n");
  await Deno.truncate(path); // as with `copytruncate`
  await append("five\n");
  await file.close();
  const texts = [`${path}.1`, `${path}.2`, path].map((each) => Deno.readTextFileSync(each));
  assertEquals(texts, ["before\none\n", "two\n", "five\n"]);
  const { mode } = await Deno.stat(path);
  if (mode !== null) assertEquals(mode & 0o137, 0, "others may neither read nor write it");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a place that cannot be written is an error at once, and a disk that is full one at each append", async () => {
  const folder = await Deno.makeTempDir();
  await assertRejects(() => openLogFile(`${folder}/none/log`), Error, "ENOENT");
  await Deno.remove(folder, { recursive: true });
  if (Deno.build.os !== "linux") return;
  const full = await openLogFile("/dev/full");
  for (let time = 0; time < 2; time++) {
    await assertRejects(() => full.append(utf8.encode("line\n")), Error);
  }
  await full.close();
});
