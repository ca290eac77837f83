// A process that takes a data folder, puts a file, leaves an upload unfinished, and waits to be killed.

import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { openDataFolder } from "../../lib/store/data_folder.ts";
import { begin, put, send } from "../store/store_steps.ts";
import { contentOf, newId } from "./content.ts";

const [path] = Deno.args;
const parts = { files: nodeFiles, openSql: openNodeSql, clock: systemClock, newId };
const { store } = await openDataFolder(path!, parts);
await put(store, "small", contentOf(1000));
await put(store, "large", contentOf(200_000));
const upload = await begin(store, "unfinished", { declaredSize: 1_000_000 });
await send(upload, contentOf(500_000));
await upload.checkpoint();
await Deno.stdout.write(new TextEncoder().encode("ready\n"));
setInterval(() => {}, 1000);
