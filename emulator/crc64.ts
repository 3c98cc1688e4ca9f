/**
 * The CRC-64 of OSS's `x-oss-hash-crc64ecma`: the polynomial of ECMA-182 with its bits reversed, all ones before and after,
 * which is also called CRC-64/XZ. The two halves of the 64 bits are kept apart, since big integers are slow.
 */

const POLYNOMIAL = { high: 0xc96c5795, low: 0xd7870f42 };

let table: { high: Uint32Array; low: Uint32Array } | undefined;

/** Returns the CRC as OSS writes it: a decimal number without a sign. */
export function crc64(bytes: Uint8Array): string {
  table ??= fillTable();
  let high = 0xffffffff;
  let low = 0xffffffff;
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (table.low[index] ?? 0);
    high = (high >>> 8) ^ (table.high[index] ?? 0);
  }
  return String((BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0));
}

function fillTable(): { high: Uint32Array; low: Uint32Array } {
  const filled = { high: new Uint32Array(256), low: new Uint32Array(256) };
  for (let byte = 0; byte < 256; byte++) {
    let high = 0;
    let low = byte;
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (carry) {
        low ^= POLYNOMIAL.low;
        high ^= POLYNOMIAL.high;
      }
    }
    filled.high[byte] = high;
    filled.low[byte] = low;
  }
  return filled;
}
