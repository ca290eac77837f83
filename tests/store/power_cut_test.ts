// The power goes after every durable step of every story, and of what was not synced any part is lost. Then the
// store is opened again and must be sound; and once more with the power going during that.

import { assert, assertRejects } from "@std/assert";
import { FileStore } from "../../lib/store/file_store.ts";
import { FolderBlobs } from "../../lib/store/folder_blobs.ts";
import { FakeClock } from "../support/fake_clock.ts";
import type { MemoryCatalog } from "../support/memory_catalog.ts";
import { CATALOG_CHANGES, Power } from "../support/power.ts";
import { hookedCatalog } from "../support/store_faults.ts";
import { VolatileFiles, type VolatileFilesOptions } from "../support/volatile_files.ts";
import { assertSound, type Engines } from "./store_invariants.ts";
import { DATA_FOLDER, enginesOf, type Machine, newMachine } from "./store_machine.ts";
import { Ledger, type Scenario, SCENARIOS } from "./store_scenarios.ts";

/** Losses after each step. */
const SEEDS = 8;
/** Losses after each step of a recovery. */
const SECOND_SEEDS = 2;

/** A fault to be noticed. */
interface Plant extends Pick<VolatileFilesOptions, "forgets"> {
  /** Whether a commit is acknowledged before it is durable. */
  readonly commitsEarly?: boolean;
}

for (const [story, scenario] of Object.entries(SCENARIOS)) {
  Deno.test(`a power cut at any step loses nothing: ${story}`, async (t) => {
    const { cuts, steps } = await cutEverywhere(scenario);
    await t.step(`${steps} steps, ${SEEDS} losses after each: ${cuts} cuts`, () => {});
  });

  Deno.test(`a second power cut during recovery loses nothing: ${story}`, async (t) => {
    const cuts = await cutTwice(scenario);
    await t.step(`${cuts} second cuts`, () => {});
  });
}

const plants: Readonly<Record<string, Plant>> = {
  "a missing fdatasync": { forgets: new Set(["sync"]) },
  "a missing sync of a folder": { forgets: new Set(["syncFolder"]) },
  "a commit that is acknowledged early": { commitsEarly: true },
};
for (const [what, plant] of Object.entries(plants)) {
  Deno.test(`the power-cut test notices ${what}`, async () => {
    for (const story of ["put small and large files", "overwrite files by others"]) {
      await assertRejects(() => cutEverywhere(SCENARIOS[story]!, plant), Error, "Not sound after");
    }
  });
}

async function cutEverywhere(scenario: Scenario, plant: Plant = {}) {
  const { steps } = (await run(scenario, new Power(), plant)).power;
  let cuts = 0;
  for (let step = 1; step <= steps; step++) {
    const { after, ledger } = await run(scenario, new Power(step), plant);
    for (let seed = 0; seed < SEEDS; seed++, cuts++) {
      const engines = await enginesOf(after(seed));
      await named(`step ${step}, seed ${seed}`, () => assertSound(engines, ledger));
    }
  }
  assert(steps > 5);
  return { steps, cuts };
}

async function cutTwice(scenario: Scenario): Promise<number> {
  const { steps } = (await run(scenario, new Power(), {})).power;
  let cuts = 0;
  for (let step = 1; step <= steps; step++) {
    const { after, ledger } = await run(scenario, new Power(step), {});
    for (let second = 1;; second++) {
      const machine = after(step);
      const power = new Power(second);
      await withPower(machine, power, {}, async (engines) => {
        await FileStore.open({ ...engines, clock: new FakeClock() });
      });
      if (power.isOn) break;
      for (let seed = 0; seed < SECOND_SEEDS; seed++, cuts++) {
        const disk = machine.disk.cut(seed);
        const engines = await enginesOf({ ...machine, disk, catalog: machine.catalog.clone() });
        await named(`step ${step}, then ${second}`, () => assertSound(engines, ledger));
      }
    }
  }
  return cuts;
}

/** Tells a story until the power goes. `after` is what is left then, for one seed of the loss. */
async function run(scenario: Scenario, power: Power, plant: Plant) {
  const clock = new FakeClock();
  const machine = await newMachine(clock);
  const ledger = new Ledger();
  const before = await withPower(machine, power, plant, async (engines) => {
    const { store } = await FileStore.open({ ...engines, clock });
    await scenario(store, ledger, engines.catalog);
  });
  const after = (seed: number): Machine => {
    const catalog = plant.commitsEarly && seed % 2 ? before() : machine.catalog;
    return { ...machine, disk: machine.disk.cut(seed), catalog: catalog.clone() };
  };
  return { power, ledger, after };
}

/** Settles when the work is done or the power has gone; returns the catalog before its last commit. */
async function withPower(
  { disk, catalog, newId }: Machine,
  power: Power,
  plant: Plant,
  work: (engines: Engines) => Promise<void>,
): Promise<() => MemoryCatalog> {
  let beforeCommit = catalog.clone();
  const files = new VolatileFiles(disk, {
    before: power.before,
    after: power.after,
    ...(plant.forgets && { forgets: plant.forgets }),
  });
  const hooked = hookedCatalog(catalog, (call) => {
    power.before();
    if (plant.commitsEarly && call === "commit") beforeCommit = catalog.clone();
  }, (call) => {
    if (CATALOG_CHANGES.has(call)) power.after();
  });
  try {
    await work({ catalog: hooked, blobs: await FolderBlobs.open(DATA_FOLDER, files), newId });
  } catch (thrown) {
    // Whatever fails without power is no more to be told.
    if (power.isOn) throw thrown;
  }
  return () => beforeCommit;
}

async function named(where: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new Error(`Not sound after ${where}: ${cause}`, { cause });
  }
}
