// What runs on the thread of `hash_threads.ts`: says that it is there, takes runs, and gives them back with their
// leaf hashes.

import { parentPort } from "node:worker_threads";
import { leafHashes } from "../base/merkle.ts";

// Buffers and not views of them: Deno looks for ports in every element of what is sent.
parentPort!.on("message", (memory: ArrayBuffer) => {
  const leaves = leafHashes(new Uint8Array(memory)).buffer;
  parentPort!.postMessage({ memory, leaves }, [memory, leaves]);
});
parentPort!.postMessage("ready");
