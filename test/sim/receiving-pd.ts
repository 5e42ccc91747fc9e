import { ABORT, FILETRANSFER, type FileFragment } from "../../src-main/osdp/commands.ts";
import type { Frame } from "../../src-main/osdp/frame.ts";
import { BUSY, FTSTAT, type FileStatus } from "../../src-main/osdp/replies.ts";
import { sendFile, type SendFileOptions } from "../../src-main/osdp/send-file.ts";
import { samplePayload } from "../../src-main/sr01/image.ts";
import { makeScripted, nak, replyTo, type HarnessOptions, type makeSim, type Script } from "./harness.ts";

/** Either bench of the harness. */
export type Bench = ReturnType<typeof makeSim> | ReturnType<typeof makeScripted>;

/** A quick line for long files. */
export const fast = { line: { baud: 115_200 } };

/** Starts the conversation and sends a file; value or error. */
export function transfer(bench: Bench, data: Uint8Array, more: Partial<SendFileOptions> = {}) {
  const common = { type: 1, clock: bench.clock, finishLimitMs: 20_000, onProgress: () => undefined };
  return bench.end(bench.device.start().then(() => sendFile(bench.device, { data, ...common, ...more })));
}

/** Names of what we sent. */
export const names = (bench: Bench): string[] => bench.said().map((said) => said.split(" ")[0] ?? "");
/** How often we sent it. */
export const count = (bench: Bench, name: string): number => names(bench).filter((one) => one === name).length;
/** A file of so many bytes. */
export const file = (bytes: number): Uint8Array => samplePayload("1.4.0", bytes);

/** A receiver that keeps what it gets; `answer` decides what it says. */
export function receiver(
  answer: (piece: FileFragment, nth: number, frame: Frame) => Partial<FileStatus> | "busy" | number | null,
  options: HarnessOptions & { receiveBytes?: number } = fast,
) {
  const parts: number[] = [];
  const written: string[] = [];
  let last: { bytes: string; reply: Uint8Array } | null = null;
  const script: Script = (command, nth, bytes) => {
    if (command.code === ABORT.code) parts.length = 0;
    if (command.code !== FILETRANSFER.code) return undefined;
    // As any PD: the same bytes again get the stored reply.
    const same = bytes.join();
    if (last?.bytes === same) return { bytes: last.reply };
    const piece = FILETRANSFER.decode(command.data);
    const said = answer(piece, nth, command);
    if (said === null) return null;
    if (said === "busy") return { bytes: replyTo(command, BUSY.code, [], { sequence: 0 }) };
    if (typeof said === "number") return nak(command, said);
    if (piece.offset === parts.length) parts.push(...piece.fragment);
    written.push(`${String(piece.offset)}+${String(piece.fragment.length)}`);
    const done = parts.length === piece.total ? 1 : 0;
    const status = { action: 0, delayMs: 0, detail: done, updateMax: 0, ...said };
    last = { bytes: same, reply: replyTo(command, FTSTAT.code, FTSTAT.encode(status)) };
    return { bytes: last.reply };
  };
  const size = options.receiveBytes ?? 256;
  const capabilities = [
    { function: 8, compliance: 1, count: 0 },
    { function: 10, compliance: size & 255, count: size >> 8 },
  ];
  return { ...makeScripted(script, { ...options, capabilities }), parts, written };
}
