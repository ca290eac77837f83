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
const began = performance.now();
await fillDataFolder(String(dataFolder), {
  names: orUsage(() => parseCount(names)),
  onProgress: (count) => {
    print(`${count} names, ${Math.round((performance.now() - began) / 1000)} s`);
  },
});
