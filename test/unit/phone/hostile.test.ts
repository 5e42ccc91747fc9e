import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ToolkitError } from "../../../src-main/lib/errors.ts";
import { readConfig, readIdentity, readLevels } from "../../../src-main/phone/answers.ts";
import { digestAuthorization, parseChallenges } from "../../../src-main/phone/digest.ts";
import { cleanText, parseEnvelope } from "../../../src-main/phone/envelope.ts";
import { judgeOpenDoor } from "../../../src-main/phone/judge.ts";

/** Runs `work`; anything it throws must be an expected error of ours. */
function expectedOnly(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ToolkitError) || error.code === "bug") throw error;
  }
}

const good = new TextEncoder().encode(
  '{"retcode":0,"action":"info","message":"OK","data":{"Status":{"Model":"E18","FirmwareVersion":"18.30.10.118"},"RelayA":1}}',
);
const mutated = fc
  .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 })
  .map((edits) => edits.reduce((bytes, [at, byte]) => bytes.with(at, byte), good));

describe("whatever a unit sends", () => {
  it.each([
    ["mutated answers", mutated],
    ["any bytes", fc.uint8Array({ maxLength: 300 })],
    ["any JSON", fc.jsonValue().map((value) => new TextEncoder().encode(JSON.stringify({ retcode: 0, data: value })))],
  ])("%s end as a value or as one of our errors", (_, bytes) => {
    fc.assert(
      fc.property(bytes, (body) => {
        expectedOnly(() => {
          const { data } = parseEnvelope(body);
          readLevels(data, "Relay");
          expectedOnly(() => void readConfig(data));
          expectedOnly(() => void readIdentity(data));
        });
        expectedOnly(() => {
          judgeOpenDoor({ status: 200, headers: {}, body });
        });
      }),
      { numRuns: 1000 },
    );
  });
  it("any challenge gives at most a header that can be sent", () => {
    const params = fc.constantFrom(
      "Digest ",
      "Basic",
      "realm=",
      "nonce=",
      "qop=",
      '"',
      "\\",
      ",",
      "auth",
      "=",
      "\n",
      "ä",
      "x",
    );
    fc.assert(
      fc.property(fc.array(params, { maxLength: 40 }), (parts) => {
        for (const one of parseChallenges(`Digest nonce="n", ${parts.join("")}`)) {
          if (one.scheme !== "digest") continue;
          const use = { challenge: one.digest, user: "u", password: "p", method: "GET", uri: "/", nc: 1, cnonce: "c" };
          expect(digestAuthorization(use)).toMatch(/^[\x20-\x7e]+$/);
        }
      }),
      { numRuns: 1000 },
    );
  });
  it("more settings than any unit has", () => {
    const many = Object.fromEntries(Array.from({ length: 20_002 }, (_, at) => [String(at), "x"]));
    expect(() => readConfig(many)).toThrow(expect.objectContaining({ code: "protocol" }));
  });
  it("text cannot steer a terminal", () => {
    expect(cleanText("E18\u001b[31m\r\n\u009b!", 64)).toBe("E18 [31m   !");
    expect(cleanText("x".repeat(200))).toHaveLength(64);
  });
});
