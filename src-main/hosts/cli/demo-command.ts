import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import type { CallInput, CallName, CallOutput } from "../../api/contract.ts";
import { sleep } from "../../lib/clock.ts";
import { errorFromShape, fail, type ErrorShape } from "../../lib/errors.ts";
import type { JobResult, JobSnapshot } from "../../services/model/job.ts";
import { createNodeApp, type NodeApp } from "../node-app.ts";
import type { CliAction, CliContext } from "./context.ts";

/** Every job of the story ends within so long, ms. */
const jobLimitMs = 60_000;

/** Adds `demo`: the whole story on simulated devices, through the same calls as the page. */
export function registerDemoCommand(program: Command, action: CliAction): void {
  program
    .command("demo")
    .description(
      "the whole story on a simulated SR01 and door phone: set up, test, flash; exit 0 only if all of it is true",
    )
    .action(action(demo));
}

async function demo(cli: CliContext): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "sr01-demo-"));
  const app = await createNodeApp({ dataDir, host: "cli" });
  const begun = cli.clock.now();
  const say = (step: string, words: string): void => {
    const seconds = Math.round((cli.clock.now() - begun) / 100) / 10;
    cli.emit({ seconds, step, words }, `${seconds.toFixed(1).padStart(5)} s  ${words}`);
  };
  try {
    await app.enterTraining();
    say(
      "training",
      "Training: a simulated SR01 and a simulated door phone are running. Nothing here is real hardware.",
    );
    await setUpRelay(cli, app, say);
    await pulse(cli, app, say);
    await flashPractice(cli, app, say);
    say("done", "All of it was read back and is true.");
  } finally {
    await app.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

type Say = (step: string, words: string) => void;

async function setUpRelay(cli: CliContext, app: NodeApp, say: Say): Promise<void> {
  const words = app.hub.get("app").trainingBench;
  if (!words) throw fail("bug", "Training did not start.");
  const { phoneHost: host, phoneUser: user, phonePassword: password } = words;
  const login = { host, user, password, auth: "auto" as const, remember: false };
  const connected = await job(cli, app, "phone.connect", login, "phone");
  say(
    "connect",
    `Door phone ${connected.info.model}, firmware ${connected.info.firmware}, login ${connected.info.auth}.`,
  );
  const before = app.hub.get("phone").settings?.fields["relayA.holdDelay"]?.value;
  const wanted = before === "7" ? "6" : "7";
  const changes = { "relayA.holdDelay": wanted };
  const written = await job(cli, app, "phone.write", { onceId: randomUUID(), changes, confirmed: [] }, "write");
  must(written.readBack === "equal" && written.changes.length === 1, "The setting did not read back.");
  say("write", `Relay A Hold Delay ${before ?? "?"} s -> ${wanted} s: written and read back equal.`);
}

async function pulse(cli: CliContext, app: NodeApp, say: Say): Promise<void> {
  const choice = { path: "training", baud: 9600 as const, address: 0, mode: "bench" as const, aloneConfirmed: false };
  await job(cli, app, "line.open", choice, "line");
  const { identity } = await job(cli, app, "sr01.identify", {}, "identity");
  say(
    "identify",
    `SR01 ${identity.serialNumber}, firmware ${identity.firmwareVersion}; nobody else was heard on the line.`,
  );
  const pageId = randomUUID();
  await ask(app, "trigger.arm", { pageId });
  const press = { onceId: randomUUID(), pageId, output: 0, seconds: 1 };
  const moved = await job(cli, app, "sr01.pulse", press, "output");
  must(moved.outputs[0] === 1, "The relay did not read on.");
  must(app.hub.get("safety").mayBeOpen.length === 0, "The relay was not seen off again.");
  say("pulse", "Lock relay pulsed for 1 s: read on, then read off again.");
}

async function flashPractice(cli: CliContext, app: NodeApp, say: Say): Promise<void> {
  const spoilt = await ask(app, "training.image", { spoil: "hash" });
  must(spoilt.problems.length > 0, "A damaged file was not noticed.");
  say("refuse", `A damaged firmware file is refused before a byte is sent: ${spoilt.problems[0]?.message ?? ""}`);
  const image = await ask(app, "training.image", {});
  const { flash } = await job(cli, app, "flash.start", { onceId: randomUUID(), fileId: image.fileId }, "flash");
  must(flash.verified === true && flash.firmwareAfter === image.version, "The new firmware does not run.");
  const { fileBytes, seconds, efficiency, firmwareBefore, firmwareAfter } = flash;
  const share = String(Math.round(efficiency * 1000) / 10);
  const speed = `${String(fileBytes)} bytes in ${String(seconds)} s at 9600 bit/s (${share} % of the line)`;
  say("flash", `Firmware ${firmwareBefore} -> ${firmwareAfter ?? "?"}: ${speed}, verified after the restart.`);
}

function must(fact: boolean, otherwise: string): void {
  if (!fact) throw fail("not-verified", otherwise);
}

async function ask<N extends CallName>(app: NodeApp, name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const request = new Request(`http://demo.invalid/api/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(input),
  });
  const response = await app.handler(request);
  const body = (await response.json()) as CallOutput<N> | { error: ErrorShape };
  if (!response.ok) throw errorFromShape((body as { error: ErrorShape }).error);
  return body as CallOutput<N>;
}

/** Starts a job and waits for its end; a job that failed throws its error. */
async function job<N extends CallName, T extends JobResult["type"]>(
  cli: CliContext,
  app: NodeApp,
  name: N,
  input: CallInput<N>,
  type: T,
): Promise<Extract<JobResult, { type: T }>> {
  const { jobId } = (await ask(app, name, input)) as { jobId: string };
  const until = cli.clock.now() + jobLimitMs;
  for (;;) {
    const snapshot: JobSnapshot = await ask(app, "jobs.get", { id: jobId });
    if (snapshot.error) throw errorFromShape(snapshot.error);
    if (snapshot.state !== "running") {
      if (snapshot.result?.type !== type) throw fail("bug", `${name} ended without its result.`);
      return snapshot.result as Extract<JobResult, { type: T }>;
    }
    if (cli.clock.now() > until) throw fail("device-timeout", `${name} did not end in time.`);
    await sleep(cli.clock, 50, cli.signal);
  }
}
