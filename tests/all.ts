// `deno task test:all`: brings Bun and Node from the npm registry, and runs everything on all three runtimes,
// the long parts too. They stay in a folder of their own for the next time.

const ROOT = new URL("../", import.meta.url).pathname;
const FOLDER = `${ROOT}.runtimes`;
const VERSIONS = { bun: "1.4.5", node: "24" };

await Deno.mkdir(FOLDER, { recursive: true });
const manifest = {
  private: true,
  dependencies: VERSIONS,
  // npm 12 and later run no script of a package that is not named here, and both need theirs.
  allowScripts: { bun: true, node: true },
};
await Deno.writeTextFile(`${FOLDER}/package.json`, JSON.stringify(manifest));
await run("npm", ["install", "--no-audit", "--no-fund"], { cwd: FOLDER });
await run("npm", ["install", "--no-audit", "--no-fund"], { cwd: ROOT });
await run(Deno.execPath(), ["task", "test"], {
  cwd: ROOT,
  env: {
    MORSEL_BUN: `${FOLDER}/node_modules/.bin/bun`,
    MORSEL_NODE: `${FOLDER}/node_modules/.bin/node`,
    MORSEL_TEST_ALL: "1",
  },
});

async function run(program: string, args: string[], options: Deno.CommandOptions): Promise<void> {
  const { code } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
    ...options,
  }).output();
  if (code !== 0) Deno.exit(code);
}
