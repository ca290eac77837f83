// The least that a file can cost on this runtime, as one more contender: what is above Morsel's row is Morsel's to
// win, and what is above this one is the runtime's and the machine's.

import { Daemon } from "../measure/daemon.ts";
import { inFolder, type Peer } from "./peer.ts";
import { onClient, onServer } from "./stage.ts";

const PROGRAM = new URL("least_program.ts", import.meta.url).pathname;

/** `least_program.ts`, which hashes as Morsel does, and proves nothing. */
export const least: Peer = {
  name: "least",
  programs: [],
  async start(stage) {
    const run = [Deno.execPath(), "run", "-A", PROGRAM] as const;
    const server = await Daemon.start({
      command: onServer(stage, ...run, "serve", stage.host, stage.served, stage.incoming),
      ready: { line: /^listening on (\d+)$/m },
      signal: stage.signal,
    });
    const place = [stage.host, server.match[1]!] as const;
    return {
      name: least.name,
      version: `deno ${Deno.version.deno}`,
      server,
      ways: {
        get: [{
          name: "the least on Deno, no proof",
          commands: (from, to) => [onClient(stage, ...run, "get", ...place, from, to)],
        }],
        put: [{
          name: "the least on Deno, synced",
          commands: (from, to) => [onClient(stage, ...run, "put", ...place, from, to)],
        }],
      },
      ...inFolder(stage),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};
