// What is asked of something, in order: so a test can tell that two requests take the same steps.

/** The same object, whose calls and those of its parts are written down in `calls`, with what they are given. */
export function recorded<T extends object>(target: T, calls: string[]): T {
  return new Proxy(target, {
    get(_, key) {
      const value = Reflect.get(target, key, target);
      if (typeof value === "object" && value !== null) return recorded(value, calls);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        calls.push(`${String(key)}(${args.map(shown).join(", ")})`);
        return Reflect.apply(value, target, args);
      };
    },
  });
}

function shown(value: unknown): string {
  return value instanceof Uint8Array ? `[${value}]` : JSON.stringify(value) ?? String(value);
}
