import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { CallInput, CallName, CallOutput, TopicName, TopicState } from "../../src-main/api/contract.ts";

/** The web host as a process of its own, as a person starts it. */
export interface Host {
  /** Address with the token, as printed. */
  url: string;
  origin: string;
  port: number;
  token: string;
  /** Asks the host directly, past any browser. */
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>>;
  /** Follows topics past any browser; takes one of the three streams. */
  watch(): Promise<Watch>;
  stop(): Promise<void>;
}

/** What the host tells on its stream. */
export interface Watch {
  /** Every state of a topic that was told, oldest first. */
  told<T extends TopicName>(topic: T): TopicState<T>[];
  last<T extends TopicName>(topic: T): TopicState<T> | undefined;
  close(): void;
}

const entry = resolve(import.meta.dirname, "../../bin/sr01.js");

/** Starts `node bin/sr01.js web …` with a data folder of its own, and reads its address. */
export async function startHost({ training = true }: { training?: boolean } = {}): Promise<Host> {
  const dataDir = mkdtempSync(join(tmpdir(), "sr01-e2e-"));
  const args = ["web", ...(training ? ["--training"] : []), "--no-open", "--json", "--data", dataDir];
  const child = spawn(process.execPath, [entry, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const ended = once(child, "close");
  const first = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended.then(() => null)]);
  if (first === null) throw new Error(`The web host ended at once: ${complaints}`);
  const { url } = JSON.parse(String(first[0])) as { url: string };
  const { origin, port, searchParams } = new URL(url);
  const token = searchParams.get("token") ?? "";
  const watches: Watch[] = [];
  return {
    url,
    origin,
    port: Number(port),
    token,
    call: (name, input) => callHost(origin, token, name, input),
    watch: async () => {
      const watch = await openWatch(origin, token);
      watches.push(watch);
      return watch;
    },
    stop: async () => {
      for (const watch of watches) watch.close();
      const insist = setTimeout(() => child.kill("SIGKILL"), 5000);
      child.kill("SIGTERM");
      await ended;
      clearTimeout(insist);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function callHost<N extends CallName>(
  origin: string,
  token: string,
  name: N,
  input: CallInput<N>,
): Promise<CallOutput<N>> {
  const answer = await fetch(`${origin}/api/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-sr01-token": token },
    body: JSON.stringify(input),
  });
  const body = (await answer.json()) as unknown;
  if (!answer.ok) throw new Error(`${name}: ${JSON.stringify(body)}`);
  return body as CallOutput<N>;
}

async function openWatch(origin: string, token: string): Promise<Watch> {
  const stop = new AbortController();
  const answer = await fetch(`${origin}/api/events`, { headers: { "x-sr01-token": token }, signal: stop.signal });
  if (!answer.ok || !answer.body) throw new Error(`No stream: ${await answer.text()}`);
  const told = new Map<string, unknown[]>();
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    const text = new TextDecoder();
    let rest = "";
    for await (const chunk of body) {
      const events = (rest + text.decode(chunk, { stream: true })).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        const topic = /^event: ?(.+)$/m.exec(event)?.[1];
        const data = /^data: ?(.+)$/m.exec(event)?.[1];
        if (topic && data) told.set(topic, [...(told.get(topic) ?? []), JSON.parse(data)]);
      }
    }
  };
  read(answer.body).catch(() => undefined); // Ends with an error when it is closed.
  const all = <T extends TopicName>(topic: T) => (told.get(topic) ?? []) as TopicState<T>[];
  return {
    told: all,
    last: (topic) => all(topic).at(-1),
    close: () => {
      stop.abort();
    },
  };
}
