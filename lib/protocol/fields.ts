// The kinds of fields a message is made of, and how each is written as bytes (PROTOCOL.md 2.2). The
// notation `name[kind]` is parsed here, once, for values and for types.

import { MorselError } from "../base/errors.ts";

/** What a kind of field is in code. 64-bit numbers are safe integers, checked at the border. */
export interface FieldTypes {
  /** Unsigned integers of 1, 2, 4 and 8 bytes, big-endian. */
  "1": number;
  "2": number;
  "4": number;
  "8": number;
  /** 16 and 32 bytes as they are. */
  "16": Uint8Array;
  "32": Uint8Array;
  /** UTF-8 with its size in 2 bytes before it. */
  "s": string;
  /** A count in 2 bytes, then that many pairs of strings. */
  "m": Readonly<Record<string, string>>;
  /** All bytes up to the end of the frame. A view, never a copy. */
  "rest": Uint8Array;
}

/** The name of a kind, as it stands between brackets. */
export type FieldKind = keyof FieldTypes;

/** A field of a message. */
export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
}

/** The object type that a line of notation such as `offset[8] name[s]` describes. */
export type Fields<Line extends string> = Line extends `${infer First} ${infer Rest}`
  ? FieldOf<First> & Fields<Rest>
  : FieldOf<Line>;

type FieldOf<Part extends string> = Part extends `${infer Name}[${infer Kind extends FieldKind}]`
  ? { readonly [key in Name]: FieldTypes[Kind] }
  : unknown;

/** The fields that a line of notation lists. */
export function parseFields(line: string): Field[] {
  if (line === "") return [];
  return line.split(" ").map((part) => {
    const match = /^(\w+)\[(\w+)\]$/.exec(part);
    if (!match) throw new SyntaxError(`Cannot read "${part}" as name[kind]`);
    return { name: match[1]!, kind: match[2] as FieldKind };
  });
}

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes being written front to back into a buffer that is known to be large enough. */
export class FieldWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** Where the next byte goes. */
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  /** Writes one field. Throws `invalid` for a value that its kind cannot hold. */
  write(field: Field, value: unknown): void {
    switch (field.kind) {
      case "1":
      case "2":
      case "4":
      case "8":
        return this.#number(field, value as number);
      case "16":
      case "32":
        return this.#fixed(field, value as Uint8Array);
      case "s":
        return this.#string(field, value as string);
      case "m":
        return this.#map(field, value as Record<string, string>);
      case "rest":
        return this.#raw(value as Uint8Array);
      default:
        field.kind satisfies never;
    }
  }

  #number(field: Field, value: number): void {
    const size = Number(field.kind);
    if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
      throw new MorselError("invalid", `The field ${field.name} cannot hold ${value}`);
    }
    const at = this.position;
    if (size === 1) this.#view.setUint8(at, value);
    else if (size === 2) this.#view.setUint16(at, value);
    else if (size === 4) this.#view.setUint32(at, value);
    else this.#view.setBigUint64(at, BigInt(value));
    this.position += size;
  }

  #fixed(field: Field, value: Uint8Array): void {
    if (value.length !== Number(field.kind)) {
      throw new MorselError(
        "invalid",
        `The field ${field.name} takes ${field.kind} bytes, not ${value.length}`,
      );
    }
    this.#raw(value);
  }

  #string(field: Field, value: string): void {
    const encoded = utf8.encode(value);
    this.#number({ name: field.name, kind: "2" }, encoded.length);
    this.#raw(encoded);
  }

  #map(field: Field, value: Record<string, string>): void {
    const pairs = Object.entries(value);
    this.#number({ name: field.name, kind: "2" }, pairs.length);
    for (const pair of pairs) for (const text of pair) this.#string(field, text);
  }

  #raw(value: Uint8Array): void {
    this.bytes.set(value, this.position);
    this.position += value.length;
  }
}

/** How many bytes a value takes as a field of this kind. */
export function fieldSize(kind: FieldKind, value: unknown): number {
  switch (kind) {
    case "s":
      return 2 + utf8.encode(value as string).length;
    case "m":
      return Object.entries(value as Record<string, string>).flat()
        .reduce((size, text) => size + 2 + utf8.encode(text).length, 2);
    case "rest":
      return (value as Uint8Array).length;
    default:
      return Number(kind);
  }
}

/** Bytes being read front to back; a field that runs over the end throws `protocol`. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#position;
  }

  /** Reads one field. */
  read(field: Field): number | string | Uint8Array | Record<string, string> {
    switch (field.kind) {
      case "1":
      case "2":
      case "4":
      case "8":
        return this.#number(field);
      case "16":
      case "32":
        return this.#take(field, Number(field.kind)).slice();
      case "s":
        return this.#string(field);
      case "m":
        return this.#map(field);
      case "rest":
        return this.#take(field, this.left);
    }
  }

  #number(field: Field): number {
    const size = Number(field.kind);
    const at = this.#position;
    this.#take(field, size);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at);
    if (size === 4) return this.#view.getUint32(at);
    const value = this.#view.getBigUint64(at);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new MorselError("protocol", `The field ${field.name} is ${value}, above 2^53 - 1`);
    }
    return Number(value);
  }

  #string(field: Field): string {
    const bytes = this.#take(field, this.#number({ name: field.name, kind: "2" }));
    try {
      return strictUtf8.decode(bytes);
    } catch (cause) {
      throw new MorselError("protocol", `The field ${field.name} is not UTF-8`, { cause });
    }
  }

  #map(field: Field): Record<string, string> {
    const map: Record<string, string> = Object.create(null);
    const count = this.#number({ name: field.name, kind: "2" });
    for (let index = 0; index < count; index++) {
      const key = this.#string(field);
      if (key in map) {
        throw new MorselError("protocol", `The field ${field.name} has the key "${key}" twice`);
      }
      map[key] = this.#string(field);
    }
    return map;
  }

  #take(field: Field, size: number): Uint8Array {
    if (size > this.left) {
      throw new MorselError(
        "protocol",
        `The field ${field.name} needs ${size} bytes, but the frame has ${this.left} left`,
      );
    }
    this.#position += size;
    return this.#bytes.subarray(this.#position - size, this.#position);
  }
}
