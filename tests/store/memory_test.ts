// The suites on the engines in memory.

import { systemClock } from "../../lib/runtime/system_clock.ts";
import type { LogKept } from "../../lib/store/catalog.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { blobsConformance } from "./blobs_conformance.ts";
import { catalogConformance } from "./catalog_conformance.ts";
import { catalogUploadsConformance } from "./catalog_uploads_conformance.ts";
import { changeLogConformance } from "./change_log_conformance.ts";
import { checkConformance } from "./check_conformance.ts";
import { fileStoreConformance } from "./file_store_conformance.ts";
import { openVersionConformance } from "./open_version_conformance.ts";
import { recoveryConformance } from "./recovery_conformance.ts";
import { resumeConformance } from "./resume_conformance.ts";

catalogConformance("memory catalog", newCatalogHome);
catalogUploadsConformance("memory catalog", newCatalogHome);
changeLogConformance("memory catalog", newCatalogHome);

blobsConformance("memory blobs", async () => {
  const blobs = new MemoryBlobs();
  return { open: async () => blobs, [Symbol.asyncDispose]: async () => {} };
});

fileStoreConformance("store in memory", memoryStoreHome);
openVersionConformance("store in memory", memoryStoreHome);
recoveryConformance("store in memory", memoryStoreHome);
resumeConformance("store in memory", memoryStoreHome);
checkConformance("store in memory", memoryStoreHome);

async function memoryStoreHome() {
  const catalog = new MemoryCatalog(systemClock);
  const blobs = new MemoryBlobs();
  return {
    open: async () => ({ catalog, blobs }),
    published: async () => blobs.publishedIds,
    [Symbol.asyncDispose]: async () => {},
  };
}

async function newCatalogHome(kept?: LogKept) {
  const catalog = new MemoryCatalog(systemClock, kept);
  return { open: async () => catalog, [Symbol.asyncDispose]: async () => {} };
}
