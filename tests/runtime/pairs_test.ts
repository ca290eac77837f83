// Server and client on any two runtimes that are there: nine pairs when all three are.

import { CLIENT, SERVER } from "../../build/binaries.ts";
import { findRuntimes, programOn, tellMissing, usable } from "../support/runtimes.ts";
import { tellStory } from "./programs_story.ts";

const SIZE = 12 * 1024 * 1024;

const found = await findRuntimes();
tellMissing(found, "Server and client");
for (const server of usable(found)) {
  for (const client of usable(found)) {
    const name = `${server.name} ${server.version} serves ${client.name} ${client.version}`;
    Deno.test(name, async (test) => {
      const programs = {
        server: programOn(server, SERVER),
        client: programOn(client, CLIENT),
      };
      await tellStory(programs, { size: SIZE, step: (name, part) => test.step(name, part) });
    });
  }
}
