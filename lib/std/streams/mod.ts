// `@std/streams` where JSR is out of reach: the same code from the npm registry, typed by types.d.ts.
// Only what is used, as with bytes.
export { toText } from "deno-std/streams/to_text.js";
