// Starts programs of Morsel on Deno, with the permissions this one has been given for all there is.

import { MorselError } from "../base/errors.ts";
import type { Child, ChildOptions } from "./child.ts";

const PERMISSIONS = ["net", "read", "write", "env", "sys"] as const;

/** Starts a program, or this binary again. Throws where that is not allowed. */
export function startDenoChild({ program, args }: ChildOptions): Child {
  const flags = Deno.build.standalone ? [] : ["run", "--no-prompt", ...granted(), program];
  const command = new Deno.Command(Deno.execPath(), {
    args: [...flags, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  });
  if (Deno.build.standalone) insistOnRun();
  const child = command.spawn();
  return {
    input: child.stdin,
    output: child.stdout,
    ended: child.status.then(({ code, signal }) => signal ?? `exit code ${code}`),
    kill: () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
    },
  };
}

/** What a binary may do was said when it was built, so no flag helps. */
function insistOnRun(): void {
  if (Deno.permissions.querySync({ name: "run" }).state === "granted") return;
  throw new MorselError(
    "invalid",
    "This binary may start no process, so it has no workers; leave --workers away, or start the " +
      "server from its source",
  );
}

/** Which permission for a part of something was given nobody can ask: the child goes without then. */
function granted(): string[] {
  return PERMISSIONS.filter((name) => Deno.permissions.querySync({ name }).state === "granted")
    .map((name) => `--allow-${name}`);
}
