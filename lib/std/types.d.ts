// Types of the parts of @std that Morsel uses, as the npm republication carries none. They describe
// a subset of the real signatures, so that the source checks against the packages on JSR as well.

declare module "deno-std/assert/mod.js" {
  // deno-lint-ignore no-explicit-any
  type Constructor<T> = abstract new (...args: any[]) => T;
  export class AssertionError extends Error {
    constructor(message: string, options?: ErrorOptions);
  }
  export function assert(condition: unknown, message?: string): asserts condition;
  export function assertEquals<T>(actual: T, expected: T, message?: string): void;
  export function assertNotEquals<T>(actual: T, expected: T, message?: string): void;
  export function assertStrictEquals<T>(
    actual: unknown,
    expected: T,
    message?: string,
  ): asserts actual is T;
  export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T>;
  export function assertGreater<T>(actual: T, expected: T, message?: string): void;
  export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void;
  export function assertLess<T>(actual: T, expected: T, message?: string): void;
  export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void;
  export function assertMatch(actual: string, expected: RegExp, message?: string): void;
  export function assertStringIncludes(actual: string, expected: string, message?: string): void;
  export function assertInstanceOf<T>(
    actual: unknown,
    expected: Constructor<T>,
    message?: string,
  ): asserts actual is T;
  export function assertThrows<E extends Error = Error>(
    fn: () => unknown,
    errorClass: Constructor<E>,
    messageIncludes?: string,
    message?: string,
  ): E;
  export function assertThrows(fn: () => unknown, message?: string): unknown;
  export function assertRejects<E extends Error = Error>(
    fn: () => PromiseLike<unknown>,
    errorClass: Constructor<E>,
    messageIncludes?: string,
    message?: string,
  ): Promise<E>;
  export function assertRejects(fn: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
  export function fail(message?: string): never;
  export function unreachable(reason?: string): never;
}

declare module "deno-std/bytes/concat.js" {
  export function concat(arrays: Iterable<Uint8Array>): Uint8Array<ArrayBuffer>;
}

declare module "deno-std/bytes/equals.js" {
  export function equals(a: Uint8Array, b: Uint8Array): boolean;
}

declare module "deno-std/bytes/starts_with.js" {
  export function startsWith(source: Uint8Array, prefix: Uint8Array): boolean;
}

declare module "deno-std/cli/parse_args.js" {
  export interface ParseOptions {
    boolean?: readonly string[];
    string?: readonly string[];
    collect?: readonly string[];
    alias?: Record<string, string | string[]>;
    default?: Record<string, unknown>;
    stopEarly?: boolean;
    "--"?: boolean;
    unknown?: (arg: string, key?: string, value?: unknown) => unknown;
  }
  export function parseArgs(
    args: readonly string[],
    options?: ParseOptions,
    // deno-lint-ignore no-explicit-any
  ): { _: Array<string | number>; [name: string]: any };
}

declare module "deno-std/path/posix/glob_to_regexp.js" {
  export interface GlobOptions {
    extended?: boolean;
    globstar?: boolean;
    caseInsensitive?: boolean;
  }
  export function globToRegExp(glob: string, options?: GlobOptions): RegExp;
}

declare module "deno-std/streams/to_text.js" {
  export function toText(stream: ReadableStream<string | Uint8Array>): Promise<string>;
  export class ByteSliceStream extends TransformStream<Uint8Array, Uint8Array> {
    constructor(start?: number, end?: number);
  }
}
