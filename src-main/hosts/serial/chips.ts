/** A USB-serial chip: ids in lower-case hex of four digits, the name a technician knows it by, and what drives it. */
export interface Chip {
  vendorId: string;
  productId: string;
  name: string;
  /** Kernel module on Linux. */
  linux: string;
  /** What the maker calls the driver for Windows and macOS, and where it is. */
  maker: string;
  /** Copies are in trade that newer Windows drivers refuse. */
  oftenCloned: boolean;
}

type Driver = Pick<Chip, "linux" | "maker" | "oftenCloned">;

const family = (vendorId: string, driver: Driver, products: Readonly<Record<string, string>>): Chip[] =>
  Object.entries(products).map(([productId, name]) => ({ vendorId, productId, name, ...driver }));

const driver = (linux: string, maker: string, oftenCloned = false): Driver => ({ linux, maker, oftenCloned });
const moxa = "the UPort driver of Moxa (moxa.com)";

/**
 * Chips found in USB-RS485 adapters. Sources: the makers' id lists as used by the Linux drivers of the same names. CH343
 * and CH9102 speak USB's own modem class.
 */
export const chips: readonly Chip[] = [
  ...family("0403", driver("ftdi_sio", "the VCP driver of FTDI (ftdichip.com)"), {
    "6001": "FT232R",
    "6010": "FT2232",
    "6011": "FT4232",
    "6014": "FT232H",
    "6015": "FT230X",
  }),
  ...family("1a86", driver("ch341", "CH341SER of WCH (wch-ic.com)"), { "7523": "CH340", "5523": "CH341" }),
  ...family("1a86", driver("cdc_acm", "CH343SER of WCH (wch-ic.com)"), { "55d3": "CH343", "55d4": "CH9102" }),
  ...family("10c4", driver("cp210x", "the CP210x VCP driver of Silicon Labs (silabs.com)"), {
    ea60: "CP2102",
    ea70: "CP2105",
    ea71: "CP2108",
  }),
  ...family("067b", driver("pl2303", "the PL2303 driver of Prolific (prolific.com.tw)", true), { "2303": "PL2303" }),
  ...family("067b", driver("pl2303", "the PL2303 driver of Prolific (prolific.com.tw)"), {
    "23a3": "PL2303GC",
    "23c3": "PL2303GT",
  }),
  ...family("110a", driver("ti_usb_3410_5052", moxa), {
    "1130": "Moxa UPort 1130",
    "1131": "Moxa UPort 1130I",
    "1150": "Moxa UPort 1150",
    "1151": "Moxa UPort 1150I",
  }),
  ...family("110a", driver("mxuport", moxa), {
    "1250": "Moxa UPort 1250",
    "1251": "Moxa UPort 1250I",
    "1450": "Moxa UPort 1450",
    "1451": "Moxa UPort 1450I",
  }),
  ...family("04d8", driver("cdc_acm", "the MCP2200 driver of Microchip (microchip.com)"), { "00df": "MCP2200" }),
];

/** The chip of a pair of USB ids (any case), or null for one that is not in the table. */
export function findChip(vendorId: string | null, productId: string | null): Chip | null {
  const vendor = vendorId?.toLowerCase();
  const product = productId?.toLowerCase();
  return chips.find((chip) => chip.vendorId === vendor && chip.productId === product) ?? null;
}

/** The chip's name for a pair of USB ids (any case), or null for one that is not in the table. */
export function chipName(vendorId: string | null, productId: string | null): string | null {
  return findChip(vendorId, productId)?.name ?? null;
}

/** What makes a serial port of this chip on that system. */
export function driverFor(chip: Chip, platform: string): string {
  return platform === "linux" ? chip.linux : chip.maker;
}
