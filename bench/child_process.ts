// Starts the other side of a bench as a process of its own, as it would be in use, and stops it.

/** A process that has said where it listens. */
export interface Child extends AsyncDisposable {
  readonly port: number;
}

/** Runs a script with this Deno; its first line of output must end in the port it listens on. */
export async function startChild(script: string, ...args: string[]): Promise<Child> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL(script, import.meta.url).pathname, ...args],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  const port = Number(/(\d+)\s*$/.exec(value ?? "")?.[1]);
  if (!port) throw new Error(`${script} did not say where it listens`);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await reader.cancel();
      await child.status;
    },
  };
}
