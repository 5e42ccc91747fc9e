import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex } from "../../../src-main/lib/bytes.ts";
import { checksum8, crc16 } from "../../../src-main/osdp/crc.ts";

// The check value of CRC-16/SPI-FUJITSU (alias AUG-CCITT) over "123456789", and frames of the standard's fact sheet.
test.each([
  ["313233343536373839", 0xe5cc],
  ["53000900046100", 0x66c0],
  ["537f0d00046e0080250000", 0x386e],
  ["", 0x1d0f],
])("crc16 of %s", (hex, crc) => {
  expect(crc16(fromHex(hex))).toBe(crc);
});

test.each([
  ["537f0c00006e0080250000", 0x0f],
  ["53000800006100", 0x44],
  ["", 0],
  ["00", 0],
  ["01", 0xff],
])("checksum8 of %s", (hex, sum) => {
  expect(checksum8(fromHex(hex))).toBe(sum);
});

test("both look only at the part that is asked for", () => {
  const bytes = fromHex("aa53000900046100bb");
  expect(crc16(bytes, 1, 8)).toBe(0x66c0);
  expect(checksum8(fromHex("aa53000800006100bb"), 1, 8)).toBe(0x44);
});

/** The CRC bit by bit, as the standard words it. */
function bitwise(bytes: Uint8Array): number {
  let crc = 0x1d0f;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = (crc >> 15) ^ ((byte >> bit) & 1);
      crc = ((crc << 1) & 0xffff) ^ (top ? 0x1021 : 0);
    }
  }
  return crc;
}

test("the table is the polynomial; one turned bit is always seen", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (bytes, place) => {
      expect(crc16(bytes)).toBe(bitwise(bytes));
      const turned = bytes.slice();
      const at = place % (bytes.length * 8);
      turned[at >> 3] = (turned[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(crc16(turned)).not.toBe(crc16(bytes));
      expect(checksum8(turned)).not.toBe(checksum8(bytes));
    }),
  );
});
