import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorCodes } from "../../src-main/lib/errors.ts";
import { fieldNames, fieldSpec } from "../../src-main/phone/fields.ts";
import { de } from "../../src-renderer/i18n/de.ts";
import { en } from "../../src-renderer/i18n/en.ts";
import { fieldKey } from "../../src-renderer/pages/setup/fields.ts";

function flat(words: object, before = ""): Map<string, string> {
  const all = new Map<string, string>();
  for (const [name, value] of Object.entries(words)) {
    const key = before === "" ? name : `${before}.${name}`;
    if (typeof value === "string") all.set(key, value);
    else for (const [below, text] of flat(value as object, key)) all.set(below, text);
  }
  return all;
}

const english = flat(en);
const german = flat(de);

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(vue|ts)$/.test(name) && !name.startsWith("i18n"))
    .map((name) => readFileSync(join(folder, name), "utf8"));
}

describe("the dictionaries", () => {
  it("have the same keys in both languages", () => {
    expect([...german.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("have a text under every key, with the same named values", () => {
    const named = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const [key, text] of english) {
      expect(text.trim(), key).not.toBe("");
      expect(german.get(key)?.trim(), key).not.toBe("");
      expect(named(german.get(key) ?? ""), key).toEqual(named(text));
    }
  });

  it("know every key that the page asks for by name", () => {
    const used = sources("src-renderer").flatMap((text) =>
      [...text.matchAll(/\bt\(\s*["']([\w.-]+)["']/g)].map((m) => m[1]),
    );
    expect(used.length).toBeGreaterThan(200);
    expect(used.filter((key) => key !== undefined && !english.has(key))).toEqual([]);
  });

  it("have words for every error code and every field of the manual", () => {
    for (const code of errorCodes) {
      expect(english.has(`errors.${code}.sentence`), code).toBe(true);
      expect(english.has(`errors.${code}.next`), code).toBe(true);
    }
    for (const name of fieldNames) {
      const spec = fieldSpec(name);
      for (const part of ["field", "fieldManual", "fieldHelp"])
        expect(english.has(`${part}.${fieldKey(spec ?? { group: "", property: "" })}`), `${part} of ${name}`).toBe(
          true,
        );
    }
  });
});
