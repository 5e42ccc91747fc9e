import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { resolve } from "node:path";
import { expect, it, test } from "vitest";
import { errorOf } from "./bench.ts";
import { runCli } from "./harness.ts";

const run = promisify(execFile);

const portShape = {
  path: expect.any(String) as string,
  vendorId: expect.toSatisfy(isTextOrNull) as unknown,
  productId: expect.toSatisfy(isTextOrNull) as unknown,
  serialNumber: expect.toSatisfy(isTextOrNull) as unknown,
  chip: expect.toSatisfy(isTextOrNull) as unknown,
};

function isTextOrNull(value: unknown): boolean {
  return value === null || (typeof value === "string" && value !== "");
}

test("ports: one line, every port with exactly its five keys", async () => {
  const { code, lines, stdout } = await runCli(["ports", "--json"]);
  expect([code, lines.length, stdout.trim().split("\n").length]).toEqual([0, 1, 1]);
  const ports = lines[0]?.["ports"] as unknown[];
  expect(Object.keys(lines[0] ?? {})).toEqual(["ports"]);
  for (const port of ports) expect(port).toEqual(portShape);
});

test("npm run --silent sr01 -- prints nothing but the command line's own lines", async () => {
  const cwd = resolve(import.meta.dirname, "../..");
  const { stdout } = await run("npm", ["run", "--silent", "sr01", "--", "ports", "--json"], { cwd });
  expect(stdout.trim().split("\n")).toHaveLength(1);
  expect(Object.keys(JSON.parse(stdout) as object)).toEqual(["ports"]);
});

const wrong: [string, string[], string | undefined][] = [
  ["a missing --port", ["identify"], "port"],
  ["a missing --port of status", ["status"], "port"],
  ["a missing --port of pulse", ["relay", "pulse"], "port"],
  ["a missing --port of flash", ["flash", "x.img"], "port"],
  ["a missing file", ["flash", "--port", "x"], "file"],
  ["a missing --host", ["phone", "info"], "host"],
  ["a missing --relay", ["phone", "trigger", "--host", "127.0.0.1:9"], "relay"],
  ["relay on without --keep-open", ["relay", "on", "--port", "x"], "keep-open"],
  ["--seconds on relay on", ["relay", "on", "--port", "x", "--keep-open", "--seconds", "2"], "seconds"],
  ["--seconds on relay off", ["relay", "off", "--port", "x", "--seconds", "2"], "seconds"],
  ["a pulse of 61 s", ["relay", "pulse", "--port", "x", "--seconds", "61"], "seconds"],
  ["a pulse of 0 s", ["relay", "pulse", "--port", "x", "--seconds", "0"], "seconds"],
  ["an unknown option", ["identify", "--port", "x", "--nonsense"], "nonsense"],
  ["an unknown verb", ["nonsense"], "nonsense"],
  ["an unknown verb of relay", ["relay", "toggle", "--port", "x"], "toggle"],
  ["no verb", [], undefined],
  ["half a verb", ["relay"], undefined],
  ["a rate that is none", ["identify", "--port", "x", "--baud", "fast"], "baud"],
  ["an address beyond 126", ["identify", "--port", "x", "--address", "127"], "address"],
  ["the line mode Listening", ["identify", "--port", "x", "--line", "listening"], "line"],
  ["a port that is not there", ["identify", "--port", "/dev/ttyNOTHERE"], "port"],
  ["a port that is none", ["identify", "--port", "/dev/null"], "port"],
  ["a file that is not there", ["flash", "/nowhere/x.img", "--port", "x"], "file"],
  ["a version that is none", ["flash", "x.img", "--port", "x", "--expect", "new"], "expect"],
];
it.concurrent.each(wrong)("%s is bad-input naming it, exit 2, one line", async (_, args, field) => {
  const { code, lines, stdout } = await runCli([...args, "--json"]);
  expect(code).toBe(2);
  expect(stdout.trim().split("\n")).toHaveLength(1);
  expect(lines[0]).toEqual({ error: expect.objectContaining({ code: "bad-input" }) as unknown });
  expect(errorOf(lines)?.["field"]).toBe(field);
});

test("without --json a failure is in words on stderr and stdout stays empty", async () => {
  const { code, stdout, stderr } = await runCli(["identify"]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/--port .*\(bad-input\)\n$/);
});
