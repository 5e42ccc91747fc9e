import { describe, expect, it } from "vitest";
import { fail } from "../../src-main/lib/errors.ts";
import type { Handlers } from "../../src-main/api/router.ts";
import { base, callRequest, pieces, testApi, uploadRequest, virtualClock } from "./support.ts";

const info = {
  fileId: "f",
  name: "a.rom",
  sizeBytes: 1,
  sha256: "00",
  kind: "opaque" as const,
  version: null,
  hardware: null,
  problems: [],
};
const handlers: Partial<Handlers> = {
  "ports.refresh": () => ({ ports: [], error: null }),
  "flash.check": ({ fileId }) => ({ ...info, fileId, unknownToTheContract: "x" }),
  "jobs.get": () => {
    throw fail("device-refused", "The unit said no.", { field: "id", data: { nak: 3, password: "hunter2" } });
  },
  "jobs.cancel": () => {
    throw new Error("connect http://admin:hunter2@10.0.0.1 /home/someone/secret");
  },
  "phone.connect": () => {
    throw fail("device-auth", "No entry at http://admin:hunter2@10.0.0.1/api.");
  },
  "line.close": () => "not what was promised" as unknown as Record<string, never>,
  "sr01.status": () => new Promise(() => undefined),
  "phone.undo": () => ({ jobId: 7 as unknown as string }),
};
const connect = { host: "h", user: "u", password: "p", auth: "digest", remember: false };
const once = "0123456789abcdef";

interface Row {
  name: string;
  request: () => Request;
  status: number;
  says: unknown;
}
const error = (code: string, more: object = {}): unknown => ({ error: expect.objectContaining({ code, ...more }) });
const get = (path: string, method = "GET") => new Request(`${base}${path}`, { method });
const rows: Row[] = [
  {
    name: "a call answers",
    request: () => callRequest("ports.refresh"),
    status: 200,
    says: { ports: [], error: null },
  },
  {
    name: "the type's parameters and letters do not matter",
    request: () => callRequest("ports.refresh", {}, { "content-type": "Application/JSON; charset=utf-8" }),
    status: 200,
    says: { ports: [], error: null },
  },
  {
    name: "members that the contract does not know stay inside",
    request: () => callRequest("flash.check", { fileId: "f" }),
    status: 200,
    says: info,
  },
  { name: "an unknown call", request: () => callRequest("door.explode"), status: 400, says: error("bad-input") },
  {
    name: "an object's own names are no calls",
    request: () => callRequest("constructor"),
    status: 400,
    says: error("bad-input"),
  },
  {
    name: "wrong input names the field",
    request: () =>
      callRequest("line.open", { path: "/dev/x", baud: 9601, address: 0, mode: "bench", aloneConfirmed: true }),
    status: 400,
    says: error("bad-input", { field: "baud" }),
  },
  {
    name: "a path into the input names the field",
    request: () => callRequest("phone.write", { onceId: once, changes: [], confirmed: [5] }),
    status: 400,
    says: error("bad-input", { field: expect.stringMatching(/changes|confirmed\.0/) as string }),
  },
  {
    name: "input that is no object",
    request: () => callRequest("ports.refresh", [1]),
    status: 400,
    says: error("bad-input"),
  },
  { name: "no JSON", request: () => callRequest("ports.refresh", "{"), status: 400, says: error("bad-input") },
  {
    name: "JSON under another type",
    request: () => callRequest("ports.refresh", {}, { "content-type": "text/plain" }),
    status: 400,
    says: error("bad-input"),
  },
  {
    name: "a form's type",
    request: () => callRequest("ports.refresh", {}, { "content-type": "application/x-www-form-urlencoded" }),
    status: 400,
    says: error("bad-input"),
  },
  {
    name: "a body over the cap",
    request: () => callRequest("ports.refresh", JSON.stringify({ a: "x".repeat(1024 * 1024) })),
    status: 400,
    says: error("bad-input", { data: { maxBytes: 1024 * 1024 } }),
  },
  {
    name: "a body that announces too much is not even read",
    request: () => callRequest("ports.refresh", {}, { "content-length": "1048577" }),
    status: 400,
    says: error("bad-input", { data: { maxBytes: 1024 * 1024 } }),
  },
  {
    name: "a handler's refusal keeps its words, not its secrets",
    request: () => callRequest("jobs.get", { id: "1" }),
    status: 400,
    says: {
      error: { code: "device-refused", message: "The unit said no.", field: "id", data: { nak: 3, password: "**" } },
    },
  },
  {
    name: "credentials in an address never go out",
    request: () => callRequest("phone.connect", connect),
    status: 400,
    says: { error: { code: "device-auth", message: "No entry at http://**@10.0.0.1/api." } },
  },
  {
    name: "a foreign error's text stays inside",
    request: () => callRequest("jobs.cancel", { id: "1" }),
    status: 500,
    says: { error: { code: "bug", message: "This program made a mistake. Its log has the details." } },
  },
  {
    name: "an answer that breaks the promise",
    request: () => callRequest("line.close"),
    status: 500,
    says: error("bug"),
  },
  {
    name: "a wrong member in an answer",
    request: () => callRequest("phone.undo", { onceId: once }),
    status: 500,
    says: error("bug", { data: { call: "phone.undo" } }),
  },
  { name: "a call by GET", request: () => get("/api/ports.refresh"), status: 400, says: error("bad-input") },
  {
    name: "a call by DELETE",
    request: () => get("/api/ports.refresh", "DELETE"),
    status: 400,
    says: error("bad-input"),
  },
  { name: "the bare root", request: () => get("/api/"), status: 400, says: error("bad-input") },
  { name: "outside the API", request: () => get("/index.html"), status: 400, says: error("bad-input") },
  { name: "a file that is not there", request: () => get("/api/files/none"), status: 400, says: error("bad-input") },
  {
    name: "an upload of unknown kind",
    request: () => uploadRequest("x", "kind=exe&name=a"),
    status: 400,
    says: error("bad-input", { field: "kind" }),
  },
  {
    name: "an upload without a name",
    request: () => uploadRequest("x", "kind=rom"),
    status: 400,
    says: error("bad-input", { field: "name" }),
  },
  {
    name: "an upload with a path for a name",
    request: () => uploadRequest("x", "kind=rom&name=..%2Fa"),
    status: 400,
    says: error("bad-input", { field: "name" }),
  },
  {
    name: "an upload as a form",
    request: () => uploadRequest("x", undefined, "multipart/form-data"),
    status: 400,
    says: error("bad-input"),
  },
];

describe("the API through Request", () => {
  it.each(rows)("$name", async ({ request, status, says }) => {
    const { handle } = testApi(handlers, virtualClock());
    const response = await handle(request());
    const text = await response.text();
    expect({ status: response.status, body: JSON.parse(text) as unknown }).toEqual({ status, body: says });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(text).not.toMatch(/hunter2|\bat .*\.ts:/);
  });

  it("logs a fault of ours without secrets", async () => {
    const { handle, log } = testApi(handlers, virtualClock());
    await handle(callRequest("jobs.cancel", { id: "1" }));
    expect(log.lines.map((line) => line.event)).toEqual(["api.bug"]);
    expect(JSON.stringify(log.lines)).not.toContain("hunter2");
  });

  it("gives up a call after ten seconds, without asking the handler twice", async () => {
    const clock = virtualClock();
    let asked = 0;
    const never = (): Promise<never> => {
      asked += 1;
      return new Promise(() => undefined);
    };
    const { handle } = testApi({ "sr01.status": never }, clock);
    const response = await clock.run(handle(callRequest("sr01.status")));
    expect([response.status, clock.now(), asked]).toEqual([500, 10_000, 1]);
  });

  it("gives up a body that does not come", async () => {
    const clock = virtualClock();
    const { handle } = testApi(handlers, clock);
    const init: RequestInit & { duplex: "half" } = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: new ReadableStream(),
      duplex: "half",
    };
    const response = await clock.run(handle(new Request(`${base}/api/ports.refresh`, init)));
    expect([response.status, clock.now()]).toEqual([400, 10_000]);
  });

  it("takes nothing new while the program closes", async () => {
    const { handle, closing } = testApi(handlers, virtualClock());
    closing.abort();
    const response = await handle(callRequest("ports.refresh"));
    expect(await response.json()).toEqual(error("busy"));
  });
});

describe("files through Request", () => {
  it("keeps an upload and gives it back byte for byte", async () => {
    const { handle } = testApi({}, virtualClock());
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) & 0xff);
    const answer = (await (await handle(uploadRequest(bytes, "kind=rom&name=SR01%20%C3%A9.rom"))).json()) as {
      id: string;
    };
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    expect(answer).toEqual({ id: expect.any(String) as string, sha256, sizeBytes: 70_000 });
    const response = await handle(new Request(`${base}/api/files/${answer.id}`));
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    expect(response.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''SR01%20%C3%A9.rom");
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
  });

  it("stops reading an upload at 64 MiB", async () => {
    const { handle } = testApi({}, virtualClock());
    const { body, state } = pieces(80 * 1024 * 1024, 1024 * 1024);
    const response = await handle(uploadRequest(body));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual(error("bad-input", { data: { maxBytes: 64 * 1024 * 1024 } }));
    expect(state.givenUp).toBe(true);
    expect(state.made).toBeLessThanOrEqual(67 * 1024 * 1024);
  });
});
