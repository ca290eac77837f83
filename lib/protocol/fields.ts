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
  /** Bytes it takes, or at least takes where that depends on its value. */
  readonly size: number;
  /** Whether that depends on its value. */
  readonly isVarying: boolean;
  /** Above what a number of so many bytes can be. */
  readonly limit: number;
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
    return fieldOf(match[1]!, match[2] as FieldKind);
  });
}

/** A field of this name and kind. */
export function fieldOf(name: string, kind: FieldKind): Field {
  const counted = kind === "s" || kind === "m";
  const size = counted ? 2 : kind === "rest" ? 0 : Number(kind);
  return { name, kind, size, isVarying: counted || kind === "rest", limit: 2 ** (8 * size) };
}

/** What the upper half of a 64-bit number counts. */
const HALF = 0x1_0000_0000;
/** The most that a count or a size in 2 bytes can say. */
const MAX_COUNT = 0xffff;

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
    this.#insistOn(Number.isSafeInteger(value) && value < field.limit, field, value);
    const at = this.position;
    if (field.size === 1) this.#view.setUint8(at, value);
    else if (field.size === 2) this.#view.setUint16(at, value);
    else if (field.size === 4) this.#view.setUint32(at, value);
    else {
      // In two halves: a bigint costs more than all the rest.
      this.#view.setUint32(at, Math.floor(value / HALF));
      this.#view.setUint32(at + 4, value >>> 0);
    }
    this.position += field.size;
  }

  #insistOn(fits: boolean, { name }: Field, value: number): void {
    if (fits && value >= 0) return;
    throw new MorselError("invalid", `The field ${name} cannot hold ${value}`);
  }

  #fixed(field: Field, value: Uint8Array): void {
    if (value.length !== field.size) {
      throw new MorselError(
        "invalid",
        `The field ${field.name} takes ${field.kind} bytes, not ${value.length}`,
      );
    }
    this.#raw(value);
  }

  #string(field: Field, value: string): void {
    const start = this.position + 2;
    const { read, written } = utf8.encodeInto(value, this.bytes.subarray(start));
    this.#insistOn(read === value.length && written <= MAX_COUNT, field, value.length);
    this.#view.setUint16(this.position, written);
    this.position = start + written;
  }

  #map(field: Field, value: Record<string, string>): void {
    const pairs = Object.entries(value);
    this.#insistOn(pairs.length <= MAX_COUNT, field, pairs.length);
    this.#view.setUint16(this.position, pairs.length);
    this.position += 2;
    for (const pair of pairs) for (const text of pair) this.#string(field, text);
  }

  #raw(value: Uint8Array): void {
    this.bytes.set(value, this.position);
    this.position += value.length;
  }
}

/**
 * The most bytes a value can take as this varying field beside its `size`: exact, but that any character may take
 * three.
 */
export function roomFor(field: Field, value: unknown): number {
  if (field.kind === "s") return 3 * (value as string).length;
  if (field.kind === "rest") return (value as Uint8Array).length;
  let room = 0;
  for (const [key, text] of Object.entries(value as Record<string, string>)) {
    room += 4 + 3 * (key.length + text.length);
  }
  return room;
}

/** How many bytes a map takes as a field. */
export function mapSize(map: Readonly<Record<string, string>>): number {
  return Object.entries(map).flat()
    .reduce((size, text) => size + 2 + utf8.encode(text).length, 2);
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
        return this.#take(field, field.size).slice();
      case "s":
        return this.#string(field);
      case "m":
        return this.#map(field);
      case "rest":
        return this.#take(field, this.left);
    }
  }

  #number(field: Field): number {
    const { size } = field;
    const at = this.#advance(field, size);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at);
    if (size === 4) return this.#view.getUint32(at);
    const high = this.#view.getUint32(at);
    if (high > 0x1f_ffff) {
      const value = this.#view.getBigUint64(at);
      throw new MorselError("protocol", `The field ${field.name} is ${value}, above 2^53 - 1`);
    }
    return high * HALF + this.#view.getUint32(at + 4);
  }

  #count(field: Field): number {
    return this.#view.getUint16(this.#advance(field, 2));
  }

  #string(field: Field): string {
    const bytes = this.#take(field, this.#count(field));
    try {
      return strictUtf8.decode(bytes);
    } catch (cause) {
      throw new MorselError("protocol", `The field ${field.name} is not UTF-8`, { cause });
    }
  }

  #map(field: Field): Record<string, string> {
    const map: Record<string, string> = Object.create(null);
    const count = this.#count(field);
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
    const at = this.#advance(field, size);
    return this.#bytes.subarray(at, at + size);
  }

  /** Goes behind the next `size` bytes; returns where they begin. */
  #advance({ name }: Field, size: number): number {
    const at = this.#position;
    if (size > this.left) {
      throw new MorselError(
        "protocol",
        `The field ${name} needs ${size} bytes, but the frame has ${this.left} left`,
      );
    }
    this.#position += size;
    return at;
  }
}
