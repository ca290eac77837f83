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

const PAGES = ["README.md", "SECURITY.md", "docs/command-line.md", "docs/threat-model.md"];

for (const page of PAGES) {
  Deno.test(`${page} links to nothing that is not there`, async () => {
    const text = await Deno.readTextFile(page);
    const folder = page.slice(0, page.lastIndexOf("/") + 1);
    for (const [, path] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert(
        await Deno.stat(folder + path).then(() => true, () => false),
        `${page} links to ${path}`,
      );
    }
  });
}
