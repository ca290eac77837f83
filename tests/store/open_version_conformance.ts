// Versions that change while they are being opened, on whatever engines the store stands.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { checkName } from "../../lib/base/names.ts";
import { contentOf } from "../support/content.ts";
import { hookedBlobs, hookedCatalog } from "../support/store_faults.ts";
import type { StoreHome } from "./file_store_conformance.ts";
import { ANY, openStore, put, readFile, readVersion } from "./store_steps.ts";

/** Declares the tests for one pair of engines; each gets a new, empty home. */
export function openVersionConformance(engine: string, newHome: () => Promise<StoreHome>): void {
  function test(sentence: string, body: (home: StoreHome) => Promise<void>): void {
    Deno.test(`${engine}: ${sentence}`, async () => {
      await using home = await newHome();
      await body(home);
    });
  }

  test("a version replaced before its blob is opened is not taken for damage", async (home) => {
    const { catalog, blobs } = await home.open();
    const newer = contentOf(100_001, 2);
    let replace = async () => {};
    const slow = hookedCatalog(
      catalog,
      () => {},
      (call) => call === "find" ? replace() : undefined,
    );
    await using store = await openStore({ open: async () => ({ catalog: slow, blobs }) });
    const { version } = await put(store, "a", contentOf(100_000));
    replace = async () => {
      replace = async () => {};
      await put(store, "a", newer);
    };
    assertEquals(await readFile(store, "a"), newer);
    const { version: current } = await store.stat("a");
    replace = async () => {
      replace = async () => {};
      await store.remove("a", ANY);
    };
    await refused("gone", store.openVersion("a", current));
    await refused("gone", store.openVersion("a", version));
  });

  test("a version replaced while its blob is being opened is whole, and goes when closed", async (home) => {
    const { catalog, blobs } = await home.open();
    let replace = async () => {};
    const slow = hookedBlobs(blobs, (call) => call === "open" ? replace() : undefined);
    await using store = await openStore({ open: async () => ({ catalog, blobs: slow }) });
    await put(store, "a", contentOf(100_000));
    replace = async () => {
      replace = async () => {};
      await store.remove("a", ANY);
    };
    const open = await store.openVersion("a", 0);
    assertEquals((await home.published()).length, 1);
    assertEquals(await readVersion(open), contentOf(100_000));
    assertEquals([await home.published(), await catalog.garbage()], [[], []]);
  });

  test("a blob that is missing is damage and is named", async (home) => {
    const { catalog, blobs } = await home.open();
    await using store = await openStore({ open: async () => ({ catalog, blobs }) });
    await put(store, "a", contentOf(100_000));
    const { place } = (await catalog.find(checkName("a")))!;
    assert(place.kind === "blob");
    await blobs.remove(place.id);
    const error = await refused("integrity", store.openVersion("a", 0));
    assert(error.message.includes('"a"') && error.message.includes("missing"));
  });
}

async function refused(code: string, step: Promise<unknown>): Promise<MorselError> {
  const error = await assertRejects(() => step, MorselError);
  assertEquals(error.code, code);
  return error;
}
