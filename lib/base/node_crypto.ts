// The runtime's node:crypto, brought in when it is first wanted: on Deno that takes 45 ms, half as long as a program
// takes that does nothing, and a command for one small file can do without.

let loaded: typeof import("node:crypto") | undefined;

/** The module; on Deno the first call blocks while it is loaded. */
export function nodeCrypto(): typeof import("node:crypto") {
  return loaded ??= globalThis.process.getBuiltinModule("node:crypto");
}

/** Whether it is there already. */
export function hasNodeCrypto(): boolean {
  return loaded !== undefined;
}
