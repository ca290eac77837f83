// Bytes as lowercase hexadecimal digits and back, the way digests and ids are shown to people.

// Looked up, as every message that names a file has a digest in it.
const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The value of what is no digit. */
const NONE = 0x10;
/** By the code of a character, of those that could be one. */
const VALUES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase());
  return value < 0 ? NONE : value;
});

/** Two lowercase digits for each byte. */
export function toHex(bytes: Uint8Array): string {
  let digits = "";
  for (let index = 0; index < bytes.length; index++) digits += PAIRS[bytes[index]!];
  return digits;
}

/** The bytes that `digits` spell. Throws a SyntaxError unless they are pairs of hexadecimal digits. */
export function fromHex(digits: string): Uint8Array {
  const bytes = new Uint8Array(digits.length >> 1);
  let wrong = digits.length & 1;
  for (let index = 0; index < bytes.length; index++) {
    const high = VALUES[digits.charCodeAt(2 * index)] ?? NONE;
    const low = VALUES[digits.charCodeAt(2 * index + 1)] ?? NONE;
    wrong |= (high | low) & NONE;
    bytes[index] = high << 4 | low;
  }
  if (wrong) throw new SyntaxError(`Cannot read "${digits}" as hexadecimal digits`);
  return bytes;
}
