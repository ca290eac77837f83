// `@std/streams` where JSR is out of reach: the same code from the npm registry, typed by types.d.ts.
export * from "deno-std/streams/mod.js";
