import { describe, expect, it } from "vitest";
import { failure, phoneTo, simPhone } from "./bench.ts";
import { planted } from "./planted.ts";

describe("patience with harmless requests, and only with them", () => {
  const cases = [
    { name: "503 twice", faults: { errorAnswers: 2, errorStatus: 503 }, outcome: "ok" },
    { name: "503 three times", faults: { errorAnswers: 3, errorStatus: 503 }, outcome: "busy" },
    { name: "closed unanswered twice", faults: { closeBefore: 2 }, outcome: "ok" },
    { name: "no answer in time twice", faults: { hangAfter: 2 }, outcome: "ok" },
    { name: "no answer in time three times", faults: { hangAfter: 3 }, outcome: "device-timeout" },
    { name: "a refusal is not asked again", faults: { refusals: 1 }, outcome: "device-refused" },
    { name: "an empty answer is not asked again", faults: { emptyAnswers: 1 }, outcome: "protocol" },
  ];
  it.each(cases)("reading: $name", async ({ faults, outcome }) => {
    const sim = await simPhone({}, { faults: { only: "/api/config", ...faults } });
    const work = phoneTo(sim, { timeoutMs: 60 }).config();
    if (outcome === "ok") expect((await work).size).toBeGreaterThan(900);
    else expect((await failure(work)).code).toBe(outcome);
  });

  it("a write is never sent again", async () => {
    const sim = await simPhone({}, { faults: { only: "/api/config/set", errorAnswers: 1, errorStatus: 503 } });
    let writes = 0;
    sim.onEvent((event) => {
      if (event.event === "request" && event.path === "/api/config/set") writes += 1;
    });
    const error = await failure(phoneTo(sim).setConfig({ "Config.DoorSetting.RELAY.HoldDelayA": "7" }));
    expect([error.code, error.data?.["maybeExecuted"], writes]).toEqual(["busy", true, 1]);
  });

  it("nobody there", async () => {
    const sim = await simPhone();
    await sim.close();
    const error = await failure(phoneTo(sim).trigger({ num: 1, mode: 0, level: 0, delay: 1 }));
    expect([error.code, error.data?.["maybeExecuted"]]).toEqual(["device-timeout", undefined]);
  });
});

describe("login", () => {
  it.each(["MD5", "SHA-256"] as const)("%s, one nonce for many requests, each count used once", async (algorithm) => {
    const sim = await simPhone({ algorithm });
    const phone = phoneTo(sim);
    for (let i = 0; i < 4; i++) await phone.systemStatus();
    expect((await phone.info()).auth).toBe("digest");
    // One question without credentials, then five answered requests.
    expect(sim.state().requests).toBe(6);
  });
  it("a nonce that went stale is replaced", async () => {
    const sim = await simPhone({ nonceUses: 2 });
    const phone = phoneTo(sim);
    for (let i = 0; i < 5; i++) await phone.systemStatus();
    expect(sim.state().requests).toBe(8);
  });
  it("a wrong password says so", async () => {
    const sim = await simPhone();
    const error = await failure(phoneTo(sim, { password: "wrong" }).info());
    expect([error.code, error.data?.["reason"]]).toEqual(["device-auth", "wrong-password"]);
  });
  it("an allow-list says that, for a trigger as well", async () => {
    const sim = await simPhone({ auth: "allowlist" });
    for (const auth of ["auto", "digest", "basic"] as const) {
      const error = await failure(phoneTo(sim, { auth }).openDoor("SA"));
      expect([error.code, error.data?.["reason"]]).toEqual(["device-auth", "allow-list"]);
    }
    expect(sim.state().triggers).toEqual({});
  });
  it("a missing password is asked for, not guessed", async () => {
    const sim = await simPhone();
    const error = await failure(phoneTo(sim, { password: "" }).info());
    expect([error.code, error.field]).toEqual(["bad-input", "password"]);
  });
  it("Basic on purpose", async () => {
    const sim = await simPhone({ auth: "basic" });
    expect((await phoneTo(sim, { auth: "basic" }).info()).auth).toBe("basic");
    expect((await failure(phoneTo(sim, { auth: "basic", password: "no" }).info())).code).toBe("device-auth");
  });
});

describe("one at a time", () => {
  it("never two requests at once, however many are asked for", async () => {
    const sim = await simPhone({}, { faults: { busyWhileRunning: true, delayMs: 5 } });
    const phone = phoneTo(sim, { tries: 1 });
    await Promise.all([phone.info(), phone.systemStatus(), phone.relayStatus(), phone.inputStatus(), phone.config()]);
    expect(sim.state().mostAtOnce).toBe(1);
  });
  it("a pause between two requests", async () => {
    const sim = await simPhone({ auth: "none" });
    const phone = phoneTo(sim, { gapMs: 40 });
    const times: number[] = [];
    sim.onEvent((event) => {
      if (event.event === "request") times.push(performance.now());
    });
    await Promise.all([phone.systemStatus(), phone.systemStatus()]);
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    expect(gaps.length).toBe(2);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(35);
  });
  it("whoever is cancelled while waiting never starts", async () => {
    const sim = await simPhone({ auth: "none" }, { faults: { delayMs: 40 } });
    const phone = phoneTo(sim);
    const stop = new AbortController();
    const first = phone.systemStatus();
    const second = failure(phone.openDoor("SA", stop.signal));
    stop.abort();
    expect((await second).code).toBe("cancelled");
    await first;
    expect(sim.state().triggers).toEqual({});
  });
  it("close ends what runs", async () => {
    const sim = await simPhone({}, { faults: { hangAfter: 1 } });
    const phone = phoneTo(sim, { timeoutMs: 5000 });
    const work = failure(phone.config());
    await new Promise((done) => setTimeout(done, 30));
    await phone.close();
    expect((await work).code).toBe("cancelled");
  });
});

describe("what the log is told", () => {
  it("no password, no login header, no query", async () => {
    const unit = await planted({ body: '{"retcode":0}' });
    const lines: string[] = [];
    const keep = (event: string, facts?: unknown): void => void lines.push(`${event} ${JSON.stringify(facts)}`);
    const log = { debug: keep, info: keep, warn: keep, error: keep };
    await phoneTo(unit, { auth: "basic", log }).openDoor("SA");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"/fcgi/OpenDoor"');
    expect(lines.join()).not.toMatch(/s3cret|Basic|DoorNum/);
  });
});
