// Fills the catalog of a data folder that no server has open:
// `deno run -A bench/fill_catalog.ts DATA_FOLDER --names 1000000`.

import { parseArgs } from "@std/cli";
import { fillDataFolder } from "./growth/fill.ts";
import { orUsage, parseCount, print } from "./measure/options.ts";

const { names = "1000000", _: [dataFolder] } = parseArgs(Deno.args, { string: ["names", "_"] });
if (dataFolder === undefined) {
  print("usage: deno run -A bench/fill_catalog.ts DATA_FOLDER [--names N]");
  Deno.exit(2);
}
/** Names between two lines of progress. */
const STEP = 100_000;

const began = performance.now();
const total = orUsage(() => parseCount(names));
let told = 0;
await fillDataFolder(String(dataFolder), {
  names: total,
  onProgress: (count) => {
    if (count < total && count - told < STEP) return;
    told = count;
    print(`${count} names, ${Math.round((performance.now() - began) / 1000)} s`);
  },
});
