// What the README shows must work: its example is run as it stands.

import { assert, assertEquals } from "@std/assert";

Deno.test("README's five lines print what their comment says", async () => {
  const readme = await Deno.readTextFile("README.md");
  const example = /```ts\n([^]*?)```/.exec(readme)?.[1];
  assert(example, "README.md has no example in TypeScript");
  const printed = /console\.log.*\/\/ (.*)/.exec(example)?.[1];
  const mod = import.meta.resolve("../mod.ts");
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/example.ts`, example.replace("./mod.ts", mod));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--config", Deno.realPathSync("deno.json"), "example.ts"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals([code, new TextDecoder().decode(stdout)], [0, `${printed}\n`]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("README and deno.json name every file they speak of", async () => {
  const readme = await Deno.readTextFile("README.md");
  for (const [, path] of readme.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
    assert(await Deno.stat(path!).then(() => true, () => false), `README.md links to ${path}`);
  }
});
