import { describe, expect, it } from "vitest";
import { parsePhoneAddress } from "../../../src-main/phone/address.ts";

describe("the address of a door phone", () => {
  it.each([
    ["192.168.1.20", "http://192.168.1.20"],
    [" 192.168.1.20:8080 ", "http://192.168.1.20:8080"],
    ["http://door.local/", "http://door.local"],
    ["https://192.168.1.20", "https://192.168.1.20"],
    ["[fe80::1]:80", "http://[fe80::1]"],
  ])("%s", (text, origin) => {
    expect(parsePhoneAddress(text)).toEqual({ origin, secure: origin.startsWith("https") });
  });
  it.each(["", "a b", "user:pw@192.168.1.20", "192.168.1.20/api", "ftp://x", "x?y", "host:99999", "x".repeat(300)])(
    "%s is none",
    (text) => {
      expect(() => parsePhoneAddress(text)).toThrow(expect.objectContaining({ code: "bad-input", field: "host" }));
    },
  );
});
