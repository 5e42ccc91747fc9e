import { afterEach, expect, it, test } from "vitest";
import { runCli, startCli, type RunningCli } from "./harness.ts";

let running: RunningCli | undefined;
afterEach(async () => {
  await running?.stop("SIGKILL");
  running = undefined;
});

async function web(...more: string[]): Promise<URL> {
  running = await startCli(["web", "--training", "--no-open", "--json", ...more]);
  expect(running.first).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\?token=.{20,}$/) as string,
  });
  return new URL(String(running.first["url"]));
}

it.each(["SIGINT", "SIGTERM"] as const)(
  "web: page, guarded API, and %s ends it well with the port free",
  async (signal) => {
    const url = await web();
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(await page.text()).toMatch(/<div id="app">/);

    const api = (headers: Record<string, string>) =>
      fetch(new URL("/api/ports.list", url), { method: "POST", headers, body: "{}" });
    const json = { "content-type": "application/json" };
    expect((await api(json)).status).toBe(403);
    expect((await api({ ...json, "x-sr01-token": "x".repeat(43) })).status).toBe(403);
    expect((await fetch(new URL("/api/events", url))).status).toBe(403);

    const token = url.searchParams.get("token") ?? "";
    const leave = new AbortController();
    const events = await fetch(new URL("/api/events", url), {
      headers: { "x-sr01-token": token },
      signal: leave.signal,
    });
    expect(events.status).toBe(200);
    let heard = "";
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    while (reader && !heard.includes("training")) heard += (await reader.read()).value ?? "";

    // A page that is still open does not hold the end up.
    const end = await running?.stop(signal);
    expect([end?.code, end?.signal]).toEqual([0, null]);
    expect(end?.lines).toHaveLength(1);
    leave.abort();
    const again = await web("--port", url.port);
    expect(again.port).toBe(url.port);
  },
);

test("a taken TCP port is busy", async () => {
  const url = await web();
  const { code, lines } = await runCli(["web", "--training", "--no-open", "--json", "--port", url.port]);
  expect([code, lines.at(-1)?.["error"]]).toEqual([3, expect.objectContaining({ code: "busy" })]);
});

test("demo: the whole story within 40 s", async () => {
  const since = performance.now();
  const { code, lines, stdout } = await runCli(["demo", "--json"]);
  expect(code).toBe(0);
  expect(performance.now() - since).toBeLessThan(40_000);
  expect(lines.length).toBe(stdout.trim().split("\n").length);
  expect(lines.map((one) => one["step"])).toEqual(
    expect.arrayContaining(["training", "write", "identify", "pulse", "refuse", "flash"]),
  );
});
