// Bytes as lowercase hexadecimal digits and back, the way digests and ids are shown to people.

// Looked up, as every message that names a file has a digest in it.
const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Two lowercase digits for each byte. */
export function toHex(bytes: Uint8Array): string {
  let digits = "";
  for (let index = 0; index < bytes.length; index++) digits += PAIRS[bytes[index]!];
  return digits;
}

/** The bytes that `digits` spell. Throws a SyntaxError unless they are pairs of hexadecimal digits. */
export function fromHex(digits: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(digits)) {
    throw new SyntaxError(`Cannot read "${digits}" as hexadecimal digits`);
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = valueOf(digits, 2 * index) * 16 + valueOf(digits, 2 * index + 1);
  }
  return bytes;
}

/** The value of the hexadecimal digit at `index`. */
function valueOf(digits: string, index: number): number {
  const code = digits.charCodeAt(index);
  return code <= 57 ? code - 48 : (code | 0x20) - 87;
}
