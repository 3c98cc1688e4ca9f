/**
 * CRC-64/ECMA-182 as OSS has it in `x-oss-hash-crc64ecma`: reflected, with all bits set before and flipped after, as in XZ. A number
 * of 64 bits is kept as two of 32, since a BigInt for each byte would take a hundred times as long.
 */

/** The polynomial 0x42F0E1EBA9EA3693, reflected. */
const [POLYNOMIAL_HIGH, POLYNOMIAL_LOW] = [0xc96c5795, 0xd7870f42] as const;

const [HIGH, LOW] = buildTable();

function buildTable(): [high: Uint32Array, low: Uint32Array] {
  const [highs, lows] = [new Uint32Array(256), new Uint32Array(256)];
  for (let byte = 0; byte < 256; byte++) {
    let [high, low] = [0, byte];
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (!isOdd) continue;
      high ^= POLYNOMIAL_HIGH;
      low ^= POLYNOMIAL_LOW;
    }
    highs[byte] = high;
    lows[byte] = low;
  }
  return [highs, lows];
}

/** Takes bytes piece by piece, and gives their checksum in decimal digits, as the header has it. */
export class Crc64 {
  private high = 0xffffffff;
  private low = 0xffffffff;

  update(bytes: Uint8Array): this {
    let { high, low } = this;
    for (let at = 0; at < bytes.length; at++) {
      const index = (low ^ (bytes[at] as number)) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (LOW[index] as number);
      high = (high >>> 8) ^ (HIGH[index] as number);
    }
    this.high = high;
    this.low = low;
    return this;
  }

  digest(): string {
    const [high, low] = [~this.high >>> 0, ~this.low >>> 0];
    return ((BigInt(high) << 32n) | BigInt(low)).toString();
  }
}
