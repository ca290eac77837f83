// The command line client as a process that is killed in the middle of a put or a get.

import { equals } from "@std/bytes";
import type { Content, Contents } from "./contents.ts";
import { Model } from "./model.ts";

const CLIENT = new URL("../../client.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
/** Large enough that a kill meets the transfer, small enough that many of them fit in a minute. */
const SIZE = 6 * 1024 * 1024;

/** What a {@linkcode ClientProgram} works with. */
export interface ClientProgramOptions {
  /** Where local files lie; its own. */
  readonly folder: string;
  readonly contents: Contents;
  readonly random: () => number;
  readonly token: () => string;
}

/** One file, put and got by processes that do not live long. */
export class ClientProgram {
  readonly prefix = "program/";
  readonly model = new Model();
  readonly #options: ClientProgramOptions;
  #local: Content | undefined;
  #kills = 0;

  constructor(options: ClientProgramOptions) {
    this.#options = options;
  }

  /** Processes that were killed before they had ended by themselves. */
  get kills(): number {
    return this.#kills;
  }

  /**
   * Runs one put or get and kills it at a random moment, or lets it end. Throws when the target of a get
   * is neither the old nor the new content, or when a program that was not killed has failed though the
   * server was there.
   */
  async run(address: string, isOver: () => boolean): Promise<void> {
    const { random } = this.#options;
    const there = this.model.files.get(this.#name);
    if (!there || random() < 0.5) await this.#put(address, isOver);
    else await this.#get(address, { there, isOver });
  }

  async #put(address: string, isOver: () => boolean): Promise<void> {
    const { folder, contents, random } = this.#options;
    const content = { seed: Math.floor(random() * 1_000_000), size: SIZE };
    await Deno.writeFile(`${folder}/source`, contents.bytes(content));
    this.model.begin({ kind: "put", name: this.#name, content });
    const args = ["put", "source", "--as", this.#name, "--quiet"];
    if (await this.#runAndKill(address, { args, isOver })) this.model.acknowledge();
  }

  async #get(
    address: string,
    { there, isOver }: { there: Content; isOver: () => boolean },
  ): Promise<void> {
    const { folder, contents } = this.#options;
    const args = ["get", this.#name, "-o", "target", "--quiet"];
    const isDone = await this.#runAndKill(address, { args, isOver });
    const target = await Deno.readFile(`${folder}/target`).catch(() => undefined);
    const isNew = target !== undefined && equals(target, contents.bytes(there));
    const isOld = this.#local ? target && equals(target, contents.bytes(this.#local)) : !target;
    if (!isNew && (isDone || !isOld)) {
      throw new Error(`The target of get has ${target?.length} bytes, neither the old nor the new`);
    }
    if (isNew) this.#local = there;
    await removeLeftovers(folder);
  }

  /** Whether it said that it was done. */
  async #runAndKill(
    address: string,
    { args, isOver }: { args: readonly string[]; isOver: () => boolean },
  ): Promise<boolean> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", `--config=${CONFIG}`, CLIENT, "--server", address, ...args],
      cwd: this.#options.folder,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      env: { MORSEL_TOKEN: this.#options.token() },
    }).spawn();
    let isKilled = false;
    // From the start of the program over the transfer to after its end.
    const timer = setTimeout(() => {
      try {
        child.kill("SIGKILL");
        isKilled = true;
        this.#kills++;
      } catch {
        // It has just ended.
      }
    }, 40 + this.#options.random() * 160);
    const { code, stderr } = await child.output();
    clearTimeout(timer);
    if (code !== 0 && !isKilled && !isOver()) {
      throw new Error(`${args.join(" ")} ended with ${code}: ${new TextDecoder().decode(stderr)}`);
    }
    return code === 0;
  }

  get #name(): string {
    return `${this.prefix}file`;
  }
}

/** What a killed get leaves beside its target takes up room only. */
async function removeLeftovers(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name !== "source" && name !== "target") {
      await Deno.remove(`${folder}/${name}`, { recursive: true });
    }
  }
}
