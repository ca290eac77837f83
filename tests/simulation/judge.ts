// Holds what clients were told against what can be true. Every change that was answered has its place in the
// one order of versions; a change without an answer may or may not have been made, at any time it could.

import type { History, Operation, Seen } from "./history.ts";

/** A change of one name that is known to have been made. */
interface Event {
  /** Its place: the version of a write; half a version above the one that was removed. */
  readonly place: number;
  /** The content that was written; undefined when the name went. */
  readonly digest: string | undefined;
  readonly start: number;
  /** When it had been made for sure. */
  readonly end: number;
}

/** A change of one name that may have been made. */
interface Possibility {
  /** Of a write the content; undefined for any that there was, or when the name goes. */
  readonly digest: string | undefined;
  readonly writes: boolean;
  readonly start: number;
  readonly until: number;
  /** The version it turned out to have written. */
  version?: number;
}

/** A look at one name: what was seen, or that there was nothing. */
interface Look {
  readonly key: string;
  readonly seen: Seen | undefined;
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

/** Tells what cannot be, a sentence each. `last` is what is there in the end, of all names. */
export function judge(history: History, last: readonly Seen[]): string[] {
  return new Judge(history, last).verdict();
}

class Judge {
  readonly #operations: readonly Operation[];
  readonly #events = new Map<string, Event[]>();
  readonly #possibilities = new Map<string, Possibility[]>();
  readonly #looks: Look[] = [];
  readonly #problems: string[] = [];

  constructor(history: History, last: readonly Seen[]) {
    this.#operations = history.operations;
    for (const operation of this.#operations) this.#enter(operation);
    const now = history.tick();
    for (const key of new Set([...this.#keys(), ...last.map((file) => file.key)])) {
      const seen = last.find((file) => file.key === key);
      this.#looks.push({ key, seen, start: now, end: now, by: "the end" });
    }
  }

  verdict(): string[] {
    const looks = this.#looks.toSorted((a, b) => a.end - b.end);
    for (const look of looks) if (look.seen) this.#explain(look, look.seen);
    for (const events of this.#events.values()) events.sort((a, b) => a.place - b.place);
    for (const look of looks) look.seen ? this.#checkFresh(look, look.seen) : this.#checkNone(look);
    for (const operation of this.#operations) this.#checkCondition(operation);
    this.#checkOrder();
    return this.#problems;
  }

  #keys(): string[] {
    return this.#operations.flatMap(({ kind, key, to }) => kind === "list" ? [] : [key, to ?? key]);
  }

  #enter(operation: Operation): void {
    const { kind, key, to = key, outcome, seen, code, current } = operation;
    const look = { start: operation.start, end: operation.end, by: nameOf(operation) };
    if (kind === "list" && outcome === "done") {
      const names = new Set(this.#keys().filter((name) => name.startsWith(key)));
      for (const name of names) {
        this.#looks.push({ ...look, key: name, seen: seen.find((file) => file.key === name) });
      }
    }
    if ((kind === "get" || kind === "stat") && seen[0]) {
      this.#looks.push({ ...look, key, seen: seen[0] });
    }
    if (code === "not_found") this.#looks.push({ ...look, key, seen: undefined });
    if (code === "conflict" && current === 0) {
      this.#looks.push({ ...look, key: to, seen: undefined });
    }
    if (kind === "get" || kind === "stat" || kind === "list") return;
    if (kind === "put" && seen[0] && seen[0].digest !== operation.digest) {
      this.#report({ by: nameOf(operation), key }, "was put with another content");
    }
    // A put that was repeated may be answered with what an earlier one brought about: it is seen, then.
    const isSeen = kind === "put" && outcome === "done" && operation.repeated > 0;
    if (isSeen) this.#looks.push({ ...look, key, seen: seen[0] });
    else if (outcome === "done") this.#enterChange(operation, seen[0]!);
    const isOpen = isSeen || outcome === "unknown" || outcome === "pending";
    for (let times = operation.repeated + Number(isOpen); times > 0; times--) {
      this.#enterPossibility(operation);
    }
  }

  #enterChange({ kind, key, to = key, start, end, ...rest }: Operation, file: Seen): void {
    const { version, digest } = file;
    if (kind === "remove") {
      this.#add(this.#events, key, { place: version + 0.5, digest: undefined, start, end });
      // What was removed had been there.
      this.#looks.push({ key, seen: file, start: 0, end, by: nameOf({ kind, key, ...rest }) });
      return;
    }
    this.#add(this.#events, to, { place: version, digest, start, end });
    if (kind === "move" && key !== to) {
      this.#add(this.#events, key, { place: version, digest: undefined, start, end });
    }
  }

  #enterPossibility({ kind, key, to = key, digest, start, effectUntil }: Operation): void {
    const about = { start, until: effectUntil() };
    if (kind !== "remove") {
      this.#add(this.#possibilities, to, { ...about, digest, writes: true });
    }
    if (kind === "remove" || (kind === "move" && key !== to)) {
      this.#add(this.#possibilities, key, { ...about, digest: undefined, writes: false });
    }
  }

  /** Finds the write behind a file that was seen; one without an answer is known from then on. */
  #explain(look: Look, { key, version, digest }: Seen): void {
    const write = this.#eventsOf(key).find((event) => event.place === version && event.digest);
    if (write) {
      if (write.digest !== digest) {
        this.#report(look, `saw version ${version} with another content than was written`);
      }
      if (write.start > look.end) {
        this.#report(look, `saw version ${version} before it was written`);
      }
      return;
    }
    const possible = (this.#possibilities.get(key) ?? []).filter((one) =>
      one.writes && one.version === undefined && one.start < look.end &&
      (one.digest === digest || one.digest === undefined)
    );
    const found = possible.find((one) => one.digest === digest) ?? possible[0];
    if (!found) return this.#report(look, `saw version ${version}, which nobody has written`);
    found.version = version;
    this.#add(this.#events, key, { place: version, digest, start: found.start, end: look.end });
  }

  /** What was seen must not be older than what was known before. */
  #checkFresh(look: Look, { key, version }: Seen): void {
    if (look.start === 0) return; // a removal, which tells only what was there before
    const newer = this.#eventsOf(key).find(({ place, end }) => place > version && end < look.start);
    if (newer) this.#report(look, `saw version ${version} after the change at ${newer.place}`);
  }

  /** Nothing may be seen only where nothing can be. */
  #checkNone(look: Look): void {
    const before = this.#eventsOf(look.key).filter(({ end }) => end < look.start).at(-1);
    if (!before?.digest) return;
    const wentLater = this.#eventsOf(look.key).some(({ place, digest, start }) =>
      place > before.place && digest === undefined && start < look.end
    );
    if (wentLater || this.#mayHaveGone(look.key, before.start, look.end)) return;
    this.#report(look, `saw nothing where version ${before.place} has to be`);
  }

  #checkCondition(operation: Operation): void {
    const { kind, key, to = key, expected, outcome, seen, start, end } = operation;
    if (outcome !== "done" || !expected || !seen[0] || operation.repeated) return;
    const { version } = seen[0];
    if (kind === "remove") {
      if (expected.ifVersion !== undefined && expected.ifVersion !== version) {
        this.#report({ by: nameOf(operation), key }, `removed version ${version}`);
      }
      return;
    }
    const before = this.#eventsOf(to).filter(({ place }) => place < version).at(-1);
    const look = { by: nameOf(operation), key: to };
    if (expected.ifVersion !== undefined && before?.place !== expected.ifVersion) {
      // Where an unanswered change brought about what was expected, nobody may have seen its version.
      if (before && before.place > expected.ifVersion) {
        this.#report(look, `replaced ${before.place}, not version ${expected.ifVersion}`);
      }
    }
    if (expected.ifAbsent && before?.digest && !(kind === "move" && key === to)) {
      if (this.#mayHaveGone(to, before.start, end)) return;
      if (before.start > start) return; // it may have come between the look and its answer
      this.#report(look, `was absent after version ${before.place}`);
    }
  }

  /** Versions grow: what begins after another's answer has a higher one; no two changes share one. */
  #checkOrder(): void {
    const changes = this.#operations
      .filter(({ kind, outcome }) =>
        outcome === "done" && (kind === "put" || kind === "move" || kind === "copy")
      );
    for (const later of changes) {
      const { version } = later.seen[0]!;
      // What was repeated may be answered with a file that was there already: its own, or an equal one.
      if (later.repeated) continue;
      const twin = changes.find((one) =>
        one !== later && !one.repeated && one.seen[0]!.version === version
      );
      if (twin) this.#problems.push(`${nameOf(later)} shares its version with ${nameOf(twin)}`);
      const earlier = changes.find((one) =>
        one.end < later.start && one.seen[0]!.version > version
      );
      if (earlier) this.#problems.push(`${nameOf(later)} has a lower version than one before it`);
    }
  }

  #mayHaveGone(key: string, after: number, before: number): boolean {
    return (this.#possibilities.get(key) ?? []).some(({ writes, start, until }) =>
      !writes && start < before && until > after
    );
  }

  #eventsOf(key: string): Event[] {
    return this.#events.get(key) ?? [];
  }

  #add<T>(map: Map<string, T[]>, key: string, item: T): void {
    const items = map.get(key);
    if (items) items.push(item);
    else map.set(key, [item]);
  }

  #report({ by, key }: Pick<Look, "by" | "key">, what: string): void {
    this.#problems.push(`${by}: ${JSON.stringify(key)} ${what}`);
  }
}

function nameOf({ client, kind, key }: Pick<Operation, "client" | "kind" | "key">): string {
  return `${client} ${kind} ${JSON.stringify(key)}`;
}
