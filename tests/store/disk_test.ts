// The suites on the real engines, in temporary folders.

import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { FolderBlobs } from "../../lib/store/folder_blobs.ts";
import type { LogKept } from "../../lib/store/catalog.ts";
import { SqliteCatalog } from "../../lib/store/sqlite_catalog.ts";
import { blobsConformance } from "./blobs_conformance.ts";
import { catalogConformance } from "./catalog_conformance.ts";
import { catalogUploadsConformance } from "./catalog_uploads_conformance.ts";
import { changeLogConformance } from "./change_log_conformance.ts";
import { checkConformance } from "./check_conformance.ts";
import { fileStoreConformance } from "./file_store_conformance.ts";
import { openVersionConformance } from "./open_version_conformance.ts";
import { recoveryConformance } from "./recovery_conformance.ts";
import { resumeConformance } from "./resume_conformance.ts";

catalogConformance("SQLite catalog", newCatalogHome);
catalogUploadsConformance("SQLite catalog", newCatalogHome);
changeLogConformance("SQLite catalog", newCatalogHome);

blobsConformance("blobs in a folder", async () => {
  const { folder, remove } = await newFolder();
  return { open: () => FolderBlobs.open(folder, nodeFiles), [Symbol.asyncDispose]: remove };
});

fileStoreConformance("store on disk", diskStoreHome);
openVersionConformance("store on disk", diskStoreHome);
recoveryConformance("store on disk", diskStoreHome);
resumeConformance("store on disk", diskStoreHome);
checkConformance("store on disk", diskStoreHome);

async function diskStoreHome() {
  const { folder, remove } = await newFolder();
  return {
    open: async () => ({
      catalog: openCatalog(folder),
      blobs: await FolderBlobs.open(folder, nodeFiles),
    }),
    published: () => publishedIn(folder),
    [Symbol.asyncDispose]: remove,
  };
}

function openCatalog(folder: string, kept?: LogKept): SqliteCatalog {
  const parts = { openSql: openNodeSql, clock: systemClock, kept };
  return SqliteCatalog.open(`${folder}/catalog.db`, parts);
}

async function publishedIn(folder: string): Promise<string[]> {
  const ids: string[] = [];
  for (const fanOut of await nodeFiles.list(`${folder}/blobs`)) {
    ids.push(...await nodeFiles.list(`${folder}/blobs/${fanOut}`));
  }
  return ids;
}

async function newFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await Deno.makeTempDir({ prefix: "morsel-test-" });
  return { folder, remove: () => Deno.remove(folder, { recursive: true }) };
}

async function newCatalogHome(kept?: LogKept) {
  const { folder, remove } = await newFolder();
  return { open: async () => openCatalog(folder, kept), [Symbol.asyncDispose]: remove };
}
