import { describe, expect, it } from "vitest";
import { defaultDataDir } from "../../../src-main/hosts/data-dir.ts";

const cases: [string, string, Record<string, string>, string][] = [
  ["Linux", "linux", {}, "/home/ada/.local/share/sr01-toolkit"],
  ["Linux with XDG_DATA_HOME", "linux", { XDG_DATA_HOME: "/data" }, "/data/sr01-toolkit"],
  ["Linux with a relative XDG_DATA_HOME", "linux", { XDG_DATA_HOME: "x" }, "/home/ada/.local/share/sr01-toolkit"],
  ["macOS", "darwin", {}, "/home/ada/Library/Application Support/SR01 Toolkit"],
  [
    "Windows",
    "win32",
    { APPDATA: "C:\\Users\\ada\\AppData\\Roaming" },
    "C:\\Users\\ada\\AppData\\Roaming\\SR01 Toolkit",
  ],
  ["SR01_DATA", "linux", { SR01_DATA: "/mine", XDG_DATA_HOME: "/data" }, "/mine"],
];

describe("the data folder", () => {
  it.each(cases)("on %s", (_name, platform, env, expected) => {
    expect(defaultDataDir({ platform, env, homeDir: "/home/ada" })).toBe(expected);
  });
});
