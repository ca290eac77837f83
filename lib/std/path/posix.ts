// `@std/path/posix` where JSR is out of reach: the same code from the npm registry, typed by types.d.ts.
export * from "deno-std/path/posix/glob_to_regexp.js";
