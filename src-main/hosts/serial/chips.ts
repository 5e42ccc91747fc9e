/** A USB-serial chip: ids in lower-case hex of four digits, and the name a technician knows it by. */
export interface Chip {
  vendorId: string;
  productId: string;
  name: string;
}

const family = (vendorId: string, products: Readonly<Record<string, string>>): Chip[] =>
  Object.entries(products).map(([productId, name]) => ({ vendorId, productId, name }));

/** Chips found in USB-RS485 adapters. Sources: the makers' id lists as used by the Linux drivers of the same names. */
export const chips: readonly Chip[] = [
  ...family("0403", { "6001": "FT232R", "6010": "FT2232", "6011": "FT4232", "6014": "FT232H", "6015": "FT230X" }),
  ...family("1a86", { "7523": "CH340", "5523": "CH341", "55d3": "CH343", "55d4": "CH9102" }),
  ...family("10c4", { ea60: "CP2102", ea70: "CP2105", ea71: "CP2108" }),
  ...family("067b", { "2303": "PL2303", "23a3": "PL2303GC", "23c3": "PL2303GT" }),
  ...family("110a", {
    "1130": "Moxa UPort 1130",
    "1131": "Moxa UPort 1130I",
    "1150": "Moxa UPort 1150",
    "1151": "Moxa UPort 1150I",
    "1250": "Moxa UPort 1250",
    "1251": "Moxa UPort 1250I",
    "1450": "Moxa UPort 1450",
    "1451": "Moxa UPort 1450I",
  }),
  ...family("04d8", { "00df": "MCP2200" }),
];

/** The chip's name for a pair of USB ids (any case), or null for one that is not in the table. */
export function chipName(vendorId: string | null, productId: string | null): string | null {
  const vendor = vendorId?.toLowerCase();
  const product = productId?.toLowerCase();
  return chips.find((chip) => chip.vendorId === vendor && chip.productId === product)?.name ?? null;
}
