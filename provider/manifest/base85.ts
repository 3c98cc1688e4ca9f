/**
 * Bytes as text: five characters for four bytes, where base64 takes 5.33. All characters are ASCII. None is one that
 * JSON, or the encoder of Go that writes the state, escapes (`"`, `\`, `<`, `>`, `&`), and none is `.`.
 */
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#%()*+,-/:;=?@[]^_{|}~";
const CHARACTERS = Buffer.from(ALPHABET);
const VALUES = new Uint8Array(256).fill(255);
for (const [value, character] of CHARACTERS.entries()) VALUES[character] = value;

/** Encodes bytes. If the last group has less than four bytes, it takes one character more than it has bytes. */
export function encodeBase85(bytes: Buffer): string {
  const missing = (4 - (bytes.length % 4)) % 4;
  const padded = missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
  const text = Buffer.allocUnsafe((padded.length / 4) * 5);
  for (let from = 0, to = 0; from < padded.length; from += 4, to += 5) {
    let value = padded.readUInt32BE(from);
    for (let place = 4; place >= 0; place--) {
      text[to + place] = CHARACTERS[value % 85] as number;
      value = Math.floor(value / 85);
    }
  }
  return text.toString("latin1", 0, text.length - missing);
}

/** Decodes a text; undefined if {@link encodeBase85} makes no such text. */
export function decodeBase85(text: string): Buffer | undefined {
  const missing = (5 - (text.length % 5)) % 5;
  if (missing === 4) return undefined;
  const characters = Buffer.from(text + (ALPHABET[84] as string).repeat(missing), "latin1");
  const bytes = Buffer.allocUnsafe((characters.length / 5) * 4);
  for (let from = 0, to = 0; from < characters.length; from += 5, to += 4) {
    let value = 0;
    let most = 0;
    for (let place = 0; place < 5; place++) {
      const digit = VALUES[characters[from + place] as number] as number;
      value = value * 85 + digit;
      if (digit > most) most = digit;
    }
    if (most > 84 || value > 0xffffffff) return undefined;
    bytes.writeUInt32BE(value, to);
  }
  return bytes.subarray(0, bytes.length - missing);
}
