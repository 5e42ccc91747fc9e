// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { defineComponent, h, nextTick } from "vue";
import { usePress } from "../../src-renderer/composables/use-press.ts";
import { useDraft } from "../../src-renderer/stores/draft.ts";
import { useJobs } from "../../src-renderer/stores/jobs.ts";
import { useLine } from "../../src-renderer/stores/line.ts";
import { usePhone } from "../../src-renderer/stores/phone.ts";
import { fakeApi, openPage } from "./page-test.ts";
import { identity, job, quietTopics } from "./samples.ts";

/** Runs `setup` inside the page's plugins and hands its result out. */
async function inside<T>(setup: () => T, api = fakeApi()) {
  let result: T | undefined;
  const view = defineComponent({
    setup() {
      result = setup();
      return () => h("div");
    },
  });
  const { page, tell } = await openPage(view, api.api);
  return { value: result as T, page, tell, ...api };
}

beforeEach(() => sessionStorage.clear());

describe("topic stores", () => {
  it("hold the whole state that the stream told last, by identity", async () => {
    const { value: line, tell } = await inside(() => useLine());
    const open = {
      ...quietTopics().line,
      state: "open" as const,
      mode: "bench" as const,
      path: "/dev/ttyUSB0",
      identity,
    };
    tell({ line: open });
    expect(line.state).toBe(open);
    expect(line.isOpen).toBe(true);
    tell({ line: { ...open, state: "closed" } });
    expect(line.isOpen, "given back while idle; the next job opens it again").toBe(true);
    tell({ line: quietTopics().line });
    expect(line.isOpen).toBe(false);
    tell({ line: { ...open, state: "stopped", identity: null } });
    expect(line.isOpen).toBe(false);
    expect(line.identity).toBeNull();
  });
});

describe("jobs", () => {
  it("are waited for until their end, and a failed one throws its own error", async () => {
    const { value: jobs, tell } = await inside(() => useJobs());
    const good = jobs.finished("a");
    const bad = jobs.finished("b");
    const refusal = expect(bad).rejects.toMatchObject({ code: "device-auth", message: "Wrong password." });
    tell({ jobs: { jobs: [job({ id: "a", kind: "line.open" }), job({ id: "b", kind: "phone.connect" })] } });
    const error = { code: "device-auth" as const, message: "Wrong password." };
    tell({
      jobs: {
        jobs: [
          job({ id: "a", kind: "line.open", state: "done" }),
          job({ id: "b", kind: "phone.connect", state: "failed", error }),
        ],
      },
    });
    expect((await good).state).toBe("done");
    await refusal;
  });

  it("connecting to a phone keeps the failure for whoever shows it", async () => {
    const api = fakeApi({ "phone.connect": () => ({ jobId: "p" }) });
    const { value: phone, tell } = await inside(() => usePhone(), api);
    const run = phone.connect.run({ host: "h", user: "", password: null, auth: "auto", remember: false });
    await nextTick();
    const error = { code: "device-timeout" as const, message: "No answer." };
    tell({ jobs: { jobs: [job({ id: "p", kind: "phone.connect", state: "failed", error })] } });
    await run;
    expect(phone.connect.error?.code).toBe("device-timeout");
    expect(api.of("phone.read")).toEqual([]);
  });
});

describe("a press", () => {
  it("sends one id even on a double click, and a new one at the next press", async () => {
    const ids: string[] = [];
    let letGo: () => void = () => undefined;
    const press = usePress((id) => {
      ids.push(id);
      return new Promise<void>((resolve) => (letGo = resolve));
    });
    const first = press.run();
    const second = press.run();
    expect(press.busy.value).toBe(true);
    letGo();
    await Promise.all([first, second]);
    expect(ids).toHaveLength(1);
    const third = press.run();
    letGo();
    await third;
    expect(new Set(ids).size).toBe(2);
  });

  it("keeps what went wrong as a ToolkitError", async () => {
    const press = usePress(() => Promise.reject(new Error("odd")));
    await press.run();
    expect(press.error.value).toMatchObject({ code: "bug" });
  });
});

describe("a draft", () => {
  const open = () => useDraft("test", () => ({ host: "", password: "" }), ["password"]);

  it("outlives the view and a reload; its password never leaves memory", async () => {
    const first = await inside(open);
    Object.assign(first.value, { host: "10.0.0.5", password: "hunter2-canary" });
    first.page.unmount();
    first.value.host = "10.0.0.6"; // still kept after the view is gone
    expect(JSON.stringify({ ...sessionStorage })).not.toContain("canary");
    const second = await inside(open);
    expect(second.value).toEqual({ host: "10.0.0.6", password: "" });
  });
});
