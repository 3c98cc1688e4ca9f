import { expect, test } from "vitest";
import { crc64 } from "../../emulator/crc64.js";

/** The check value of CRC-64/XZ, and what `xz --check=crc64` has of the others. */
test.each([
  ["nothing", "", "0"],
  ["its check text", "123456789", "11051210869376104954"],
  ["one letter", "a", "3675645893302102789"],
  ["all bytes", String.fromCharCode(...Array(256).keys()), "8232944260754389680"],
])("the CRC-64 of %s is that of other implementations", (_, text, expected) => {
  expect(crc64(Buffer.from(text, "latin1"))).toBe(expected);
});
