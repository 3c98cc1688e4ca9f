import fc from "fast-check";
import { expect, test } from "vitest";
import { Crc64 } from "../../../provider/edge/crc64.js";

const crc = (text: string) => new Crc64().update(Buffer.from(text)).digest();

test("the checksum is that of OSS", () => {
  // The check value of CRC-64/XZ in the catalogue of CRC algorithms.
  expect(crc("123456789")).toBe(0x995dc9bbdf1939fan.toString());
  // The values in the tests of the SDKs of OSS.
  expect(crc("")).toBe("0");
  expect(crc("This is a test of the emergency broadcast system.")).toBe("2871916124362751090");
});

test("pieces of any size give the checksum of the whole, by the definition bit by bit", () => {
  const slow = (bytes: Uint8Array) => {
    let value = 0xffffffffffffffffn;
    for (const byte of bytes) {
      value ^= BigInt(byte);
      for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0xc96c5795d7870f42n : value >> 1n;
    }
    return (value ^ 0xffffffffffffffffn).toString();
  };
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), (pieces) => {
      const checksum = new Crc64();
      for (const piece of pieces) checksum.update(piece);
      expect(checksum.digest()).toBe(slow(Buffer.concat(pieces)));
    }),
  );
});
