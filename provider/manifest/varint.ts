/** Numbers of a packed manifest, each in as few bytes as it needs. */
import { VodError } from "../vod/errors.js";

/**
 * Encodes numbers of up to 28 bits: 7 bits a byte, the lowest first; all bytes of a number but the last have the high
 * bit set.
 */
export function encodeVarints(numbers: ArrayLike<number>): Buffer {
  const bytes = Buffer.allocUnsafe(4 * numbers.length);
  let length = 0;
  for (let i = 0; i < numbers.length; i++) {
    let value = numbers[i] as number;
    for (; value >= 0x80; value >>>= 7) bytes[length++] = (value & 0x7f) | 0x80;
    bytes[length++] = value;
  }
  return bytes.subarray(0, length);
}

/** Reads bytes from first to last. Where they end too early, the manifest is damaged. */
export class ByteReader {
  private at = 0;
  constructor(private readonly source: Buffer) {}

  number(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.source[this.at++];
      if (byte === undefined) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw corruptManifest();
  }

  numbers(count: number): Uint32Array {
    const numbers = new Uint32Array(count);
    for (let i = 0; i < count; i++) numbers[i] = this.number();
    return numbers;
  }

  bytes(length: number): Buffer {
    if (length > this.source.length - this.at) throw corruptManifest();
    this.at += length;
    return this.source.subarray(this.at - length, this.at);
  }

  rest(): Buffer {
    return this.bytes(this.source.length - this.at);
  }
}

/** What to do about a state that can't be read. A resource that is created again may be one that sends nothing then. */
export const RESTORE_STATE =
  "Restore the stack's state from a backup, or remove the resource from it with `pulumi state delete`, so that the next " +
  "`pulumi up` sends everything (set a `refreshOnCreate` or `preloadOnCreate` that is false to true for it); nothing was sent.";

export function corruptManifest(): VodError {
  return new VodError("The manifest in the state of this resource is damaged.", RESTORE_STATE, {
    code: "UnknownState",
  });
}
