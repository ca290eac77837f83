// The workload that starts Morsel's server, again and again on a data folder it knows.

import { Daemon } from "../measure/daemon.ts";
import { serverStart } from "./morsel.ts";
import type { Workload } from "./workload.ts";

/** From the start of the program to its line `listening on …`. */
export const startServer: Workload = {
  id: "start",
  title: () => "start of server.ts to listening, warm",
  unit: "s",
  warmups: 1,
  goals: {},
  ownGoal: { atMost: 0.15 },
  async open({ stage, morsel }) {
    if (!morsel) return { contenders: [], skipped: ["All: Morsel does not take part"] };
    const dataFolder = await Deno.makeTempDir({ dir: stage.folder, prefix: "start-" });
    const contender = {
      name: "Morsel",
      isSubject: true,
      async run() {
        await using server = await Daemon.start(serverStart(stage, dataFolder));
        return { value: server.readySeconds };
      },
    };
    return { contenders: [contender] };
  },
};
