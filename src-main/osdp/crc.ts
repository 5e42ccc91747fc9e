const table = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

/** CRC-16 of OSDP: polynomial 1021, start 1D0F, most significant bit first, no final XOR. OSDP v2.2, 5.9 and annex C. */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0x1d0f;
  for (let i = from; i < to; i++) {
    crc = ((crc << 8) & 0xffff) ^ (table[((crc >> 8) ^ (bytes[i] as number)) & 0xff] as number);
  }
  return crc;
}

/** 8-bit two's complement of the sum: all bytes with it add up to 0 modulo 256. OSDP v2.2, 5.9. */
export function checksum8(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum = (sum + (bytes[i] as number)) & 0xff;
  return -sum & 0xff;
}
