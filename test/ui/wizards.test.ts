// @vitest-environment happy-dom
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Router } from "vue-router";
import type { TopicStates } from "../../src-main/services/model/topics.ts";
import { pageId } from "../../src-renderer/api.ts";
import { button, fakeApi, openPage } from "./page-test.ts";
import { identity, image, job, quietTopics, settings } from "./samples.ts";

const line: TopicStates["line"] = {
  ...quietTopics().line,
  state: "open",
  mode: "bench",
  path: "/dev/ttyUSB0",
  baud: 9600,
  address: 0,
  online: true,
  identity,
  status: { outputs: [0], inputs: [0, 0], tamper: false, powerFailure: false },
};
const info = { model: "X916S", firmware: "916.30.10.114", mac: null, auth: "digest" as const };
const phone: TopicStates["phone"] = { ...quietTopics().phone, state: "ready", host: "10.0.0.9", info, settings };
const flashing = job({
  id: "f1",
  kind: "flash",
  progress: { phase: "transfer", sentBytes: 500, totalBytes: 1000, bytesPerSecond: 900, etaSeconds: 65, repeats: 3 },
});
const armed = (): TopicStates["safety"] => {
  const until = new Date(Date.now() + 10_000).toISOString();
  return { mayBeOpen: [], handBack: null, armed: { pageId: pageId(), until } };
};

let close: () => void = () => undefined;
beforeEach(() => sessionStorage.clear());
afterEach(() => close());

const arrived = (router: Router, path: string) => vi.waitFor(() => expect(router.currentRoute.value.path).toBe(path));
/** Every page stands in the router's own place, as in the app. */
const place = { template: "<RouterView />" };

async function open(...args: Parameters<typeof openPage>) {
  const opened = await openPage(...args);
  close = () => opened.page.unmount();
  await flushPromises();
  return opened;
}

describe("firmware", () => {
  it("finds a running flash again after a reload, wherever it comes in, and shows how far it is", async () => {
    const topics = { line, jobs: { jobs: [flashing] } };
    const { page, router, tell } = await open(place, fakeApi().api, { path: "/firmware/unit", topics });
    await arrived(router, "/firmware/flash");
    expect(page.text()).toContain("50 %");
    expect(page.text()).toContain("1:05");
    const flash = {
      fileBytes: 1000,
      seconds: 2,
      efficiency: 0.9,
      fragmentBytes: 128,
      firmwareBefore: "1.2.3",
      firmwareAfter: "1.2.3",
      verified: false,
    };
    tell({ jobs: { jobs: [{ ...flashing, state: "done", progress: null, result: { type: "flash", flash } }] } });
    await arrived(router, "/firmware/result");
    expect(page.find(".status").text()).toBe("Failed");
  });

  const verdicts: [boolean | null, string][] = [
    [true, "Verified"],
    [null, "Sent, not verified"],
    [false, "Failed"],
  ];
  it.each(verdicts)("says one word for verified = %s: %s", async (verified, word) => {
    const flash = {
      fileBytes: 1,
      seconds: 1,
      efficiency: 1,
      fragmentBytes: 1,
      firmwareBefore: "1",
      firmwareAfter: "1",
      verified,
    };
    const ended = job({ id: "f2", kind: "flash", state: "done", result: { type: "flash", flash } });
    sessionStorage.setItem("sr01-draft/real/firmware", JSON.stringify({ jobId: "f2" }));
    const { page } = await open(place, fakeApi().api, {
      path: "/firmware/result",
      topics: { jobs: { jobs: [ended] } },
    });
    expect(page.find(".status").text()).toBe(word);
  });

  it("sends one start with one id on a double click", async () => {
    sessionStorage.setItem("sr01-draft/real/firmware", JSON.stringify({ image }));
    let answer: (value: object) => void = () => undefined;
    const api = fakeApi({ "flash.start": () => new Promise((resolve) => (answer = resolve)) });
    const { page } = await open(place, api.api, { path: "/firmware/overview", topics: { line } });
    const go = button(page, "Flash now");
    (go.element as HTMLButtonElement).click();
    (go.element as HTMLButtonElement).click();
    await flushPromises();
    expect(api.of("flash.start")).toHaveLength(1);
    expect(api.of("flash.start")[0]?.input).toMatchObject({
      fileId: "file-1",
      onceId: expect.stringMatching(/^[\w-]{16,}$/) as string,
    });
    answer({ jobId: "f9" });
    await flushPromises();
  });

  const needs: { name: string; image: object; mode: "bench" | "alone"; missing: string }[] = [
    {
      name: "a lower version is typed out first",
      image: { version: "1.0.0" },
      mode: "bench",
      missing: "the lower version",
    },
    {
      name: "an opaque file's name is typed out first",
      image: { kind: "opaque", version: null },
      mode: "bench",
      missing: "the file's name",
    },
    {
      name: "an opaque file is never sent at a door",
      image: { kind: "opaque", version: null },
      mode: "alone",
      missing: "use the bench",
    },
    { name: "the door's name is typed out at a door", image: {}, mode: "alone", missing: "the door's name" },
    { name: "the hardware fits", image: { hardware: { from: 5, to: 9 } }, mode: "bench", missing: "this hardware" },
  ];
  it.each(needs)("does not flash before: $name", async ({ image: part, mode, missing }) => {
    sessionStorage.setItem("sr01-draft/real/firmware", JSON.stringify({ image: { ...image, ...part } }));
    const api = fakeApi();
    const { page } = await open(place, api.api, {
      path: "/firmware/overview",
      topics: { line: { ...line, mode } },
    });
    expect(page.find("footer").text()).toContain(missing);
    expect(button(page, "Flash now").attributes("disabled")).toBeDefined();
  });
});

describe("relay setup", () => {
  it("loses nothing by Back, by other views and by a reload", async () => {
    const first = await open(place, fakeApi().api, { path: "/setup/local", topics: { phone } });
    const hold = (page: typeof first.page) => page.findAll("input").find((one) => one.element.value === "7");
    await first.page
      .findAll("input")
      .find((one) => one.element.value === "5")
      ?.setValue("7");
    await button(first.page, "Back").trigger("click");
    await arrived(first.router, "/setup/security");
    await button(first.page, "Next").trigger("click");
    await arrived(first.router, "/setup/local");
    expect(hold(first.page)?.element.value).toBe("7");
    first.page.unmount();
    const second = await open(place, fakeApi().api, { path: "/setup/local", topics: { phone } });
    expect(hold(second.page)?.element.value).toBe("7");
  });

  it("greys what the unit does not offer, with the reason and the menu path", async () => {
    const { page } = await open(place, fakeApi().api, { path: "/setup/security", topics: { phone } });
    expect(page.find(".not-offered").text()).toContain("this unit reports none");
    expect(page.find(".not-offered").text()).toContain("Access Control > Relay > Security Relay");
    expect(page.findAll(".not-offered input")).toHaveLength(0);
  });

  it("writes only after each danger was ticked, and confirms exactly those", async () => {
    const change = { field: "relayA.mode", key: "k", mark: "HW" as const, old: "0", new: "1", danger: "mode" };
    const api = fakeApi({
      "phone.review": () => ({ changes: [change], problems: [], warnings: [] }),
      "phone.write": () => ({ jobId: "w1" }),
    });
    sessionStorage.setItem("sr01-draft/real/setup/10.0.0.9", JSON.stringify({ changes: { "relayA.mode": "1" } }));
    const { page, router } = await open(place, api.api, { path: "/setup/review", topics: { phone } });
    const write = button(page, "Write to door phone");
    expect(write.attributes("disabled")).toBeDefined();
    expect(page.text()).toContain("stays unlocked after opening");
    await page.find("input[type=checkbox]").setValue(true);
    await button(page, "Write to door phone").trigger("click");
    await arrived(router, "/setup/apply");
    expect(api.of("phone.write").map((one) => one.input)).toMatchObject([
      { changes: { "relayA.mode": "1" }, confirmed: ["mode"] },
    ]);
  });

  it("asks before leaving with changes that are not written", async () => {
    sessionStorage.setItem("sr01-draft/real/setup/10.0.0.9", JSON.stringify({ changes: { "relayA.mode": "1" } }));
    const { router } = await open(place, fakeApi().api, { path: "/setup/local", topics: { phone } });
    await router.push("/recordings");
    await flushPromises();
    expect(router.currentRoute.value.path).toBe("/setup/local");
    expect(document.body.textContent).toContain("Leave with changes not written?");
  });
});

describe("live test", () => {
  it("moves nothing before it is armed, then sends one trigger with one id", async () => {
    const api = fakeApi({ "phone.trigger": () => ({ jobId: "t1" }), "sr01.watch": () => ({}) });
    const { page, tell } = await open(place, api.api, { path: "/live/trigger", topics: { phone, line } });
    const words = "Open Front door, Security Relay A, now";
    expect(button(page, words).attributes("disabled")).toBeDefined();
    tell({ safety: armed() });
    await flushPromises();
    const go = button(page, words).element as HTMLButtonElement;
    go.click();
    go.click();
    await flushPromises();
    expect(api.of("phone.trigger").map((one) => one.input)).toMatchObject([{ relay: "SA", pageId: pageId() }]);
  });

  const modes: { mode: "listening" | "alone"; reason: string; grey: string }[] = [
    { mode: "listening", reason: "the door phone is in charge and nothing is sent", grey: "by SR01" },
    { mode: "alone", reason: "the door phone is not on the line", grey: "Relay A, now" },
  ];
  it.each(modes)(
    "in mode $mode the other side is off with the reason, armed or not",
    async ({ mode, reason, grey }) => {
      const topics = { phone, line: { ...line, mode }, safety: armed() };
      const { page } = await open(place, fakeApi().api, { path: "/live/trigger", topics });
      expect(page.text()).toContain(reason);
      expect(button(page, grey).attributes("disabled")).toBeDefined();
    },
  );

  it("tells what changed, from whole states", async () => {
    const api = fakeApi({ "sr01.watch": () => ({}) });
    const { page, tell } = await open(place, api.api, { path: "/live/trigger", topics: { line } });
    expect(api.of("sr01.watch").map((one) => one.input)).toEqual([{ on: true }]);
    tell({ line: { ...line, status: { outputs: [1], inputs: [0, 1], tamper: false, powerFailure: false } } });
    await flushPromises();
    expect(page.text()).toContain("SR01 output 0 is on");
    expect(page.text()).toContain("SR01 input 1: active");
    page.unmount();
    expect(api.of("sr01.watch").at(-1)?.input).toEqual({ on: false });
  });
});
