// Starts programs of Morsel on Deno, with the permissions this one has been given for all there is.

import { MorselError } from "../base/errors.ts";
import type { Child, ChildOptions } from "./child.ts";

const PERMISSIONS = ["net", "read", "write", "env", "sys"] as const;

/** Starts a program, or this binary again. Throws `invalid` where starting it is not allowed. */
export function startDenoChild({ program, args }: ChildOptions): Child {
  const flags = Deno.build.standalone ? [] : ["run", "--no-prompt", ...granted(), program];
  const command = new Deno.Command(Deno.execPath(), {
    args: [...flags, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  });
  const child = spawn(command);
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

function spawn(command: Deno.Command): Deno.ChildProcess {
  try {
    return command.spawn();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotCapable)) throw cause;
    const hint = Deno.build.standalone
      ? "this binary was built without that; start the program from its source"
      : "add --allow-run";
    throw new MorselError("invalid", `Starting more processes is not allowed: ${hint}`, { cause });
  }
}

/** Which permission for a part of something was given nobody can ask: the child goes without then. */
function granted(): string[] {
  return PERMISSIONS.filter((name) => Deno.permissions.querySync({ name }).state === "granted")
    .map((name) => `--allow-${name}`);
}
