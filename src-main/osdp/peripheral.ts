import type { Clock } from "../lib/clock.ts";
import { tryDecode } from "./codec.ts";
import { ACURXSIZE, commands, POLL } from "./commands.ts";
import { BROADCAST, DEFAULT_RECEIVE_BYTES, encodeFrame, MAX_FRAME_BYTES, withMark, type Frame } from "./frame.ts";
import { FrameParser, type ParserEvent } from "./parser.ts";
import {
  acknowledged,
  refuse,
  type PdAnswer,
  type PdApplication,
  type PdContext,
  type PdReply,
  type PdSecurity,
} from "./peripheral-answer.ts";
import { freshSequence, judgeSequence, type SequenceState } from "./peripheral-sequence.ts";
import { ACK, BUSY, NAK, nakReasons, replies } from "./replies.ts";

/** What a PD tells of its work. Damaged frames and noise are told and never answered. */
export type PeripheralEvent =
  | { type: "online" }
  | { type: "offline" }
  | { type: "command"; name: string; code: number; sequence: number; repeated: boolean; reply: string }
  | { type: "refused"; name: string; code: number; nak: number; reason: string }
  | { type: "report-lost" }
  | { type: "damaged" | "noise"; bytes: Uint8Array };

/** About a reply that goes out: the code of the command it answers, and whether it is the stored one. */
export interface SentReply {
  command: number;
  repeated: boolean;
}

/** What a PD is made of. Byte counts are whole frames without the mark. */
export interface PeripheralOptions {
  clock: Clock;
  /** 0..126. */
  address: number;
  application: PdApplication;
  /** Puts a marked frame on the line; resolves when its last bit is out. Must not reject. */
  send(bytes: Uint8Array, about: SentReply): Promise<void>;
  onEvent?: (event: PeripheralEvent) => void;
  security?: PdSecurity;
  /** Longest frame it takes, default 1440; longer ones get NAK 02. */
  receiveBytes?: number;
  /** Longest pause inside a frame; default 150 ms, see 5.8: more than USB buffers need, less than a panel's 200 ms before it repeats. */
  gapMs?: number;
  /** Silence after which the panel counts as gone; default 8000 ms. */
  offlineMs?: number;
  /** Reports kept for POLL, default 32; the oldest go first. */
  maxReports?: number;
}

/**
 * The PD role of OSDP v2.2: takes chunks from the line, answers commands to its own address and to 7F, keeps the sequence
 * rules, hands each new command once to the application. Replies carry the kind of check that the command had. A frame
 * with a bad check is met with silence, never NAK 01: its address byte may be the damaged one, the NAK would then collide
 * with the right unit's reply, and some panels take NAK 01 as "no CRC here" for good (libosdp). The panel repeats anyway.
 */
export class Peripheral {
  /** Own address; COMSET changes it. */
  address: number;
  readonly #options: PeripheralOptions;
  readonly #receiveBytes: number;
  #parser = new FrameParser();
  #sequence: SequenceState = freshSequence;
  #acuBytes = DEFAULT_RECEIVE_BYTES;
  #reports: PdReply[] = [];
  #online = false;
  #heardAt = 0;
  #endGap: () => void = () => undefined;
  #endWatch: () => void = () => undefined;

  constructor(options: PeripheralOptions) {
    this.#options = options;
    this.address = options.address;
    this.#receiveBytes = options.receiveBytes ?? MAX_FRAME_BYTES;
  }

  /** True from the first valid command until 8 s without one. */
  get online(): boolean {
    return this.#online;
  }

  /** Bytes from the line, in any chunks. */
  receive(chunk: Uint8Array): void {
    this.#endGap();
    for (const event of this.#parser.push(chunk)) this.#take(event);
    if (!this.#parser.pending) return;
    this.#endGap = this.#options.clock.after(this.#options.gapMs ?? 150, () => {
      for (const event of this.#parser.gap()) this.#take(event);
    });
  }

  /** Queues a report for the next POLL; one POLL takes one, oldest first. When the queue is full the oldest is lost. */
  report(reply: PdReply): void {
    this.#reports.push(reply);
    if (this.#reports.length <= (this.#options.maxReports ?? 32)) return;
    this.#reports.shift();
    this.#tell({ type: "report-lost" });
  }

  /** As after power-up: no sequence, no session, no reports, nothing half received. */
  restart(): void {
    this.close();
    this.#parser = new FrameParser();
    this.#sequence = freshSequence;
    this.#acuBytes = DEFAULT_RECEIVE_BYTES;
    this.#reports = [];
    this.#online = false;
    this.#options.security?.reset();
  }

  /** Calls off its timers. */
  close(): void {
    this.#endGap();
    this.#endWatch();
  }

  #take(event: ParserEvent): void {
    if (event.type !== "frame") {
      this.#tell({ type: event.type, bytes: event.bytes });
      return;
    }
    const { frame, bytes } = event;
    if (frame.reply || (frame.address !== this.address && frame.address !== BROADCAST)) return;
    this.#heard();
    switch (judgeSequence(this.#sequence, frame.sequence, bytes)) {
      case "repeat":
        this.#repeat(frame);
        break;
      case "refuse":
        this.#send(frame, encodeFrame(this.#frame(frame, refuse(4))), refuse(4), []);
        break;
      case "execute":
        this.#execute(frame, bytes);
        break;
    }
  }

  #repeat(command: Frame): void {
    const { stored } = this.#sequence;
    if (!stored) return;
    this.#tellCommand(command, "repeat", true);
    void this.#options.send(withMark(stored.reply), { command: command.code, repeated: true });
  }

  #execute(command: Frame, bytes: Uint8Array): void {
    if (command.sequence === 0) this.#options.security?.reset();
    const after: (() => void)[] = [];
    const answer = this.#answer(command, bytes, after);
    if (answer.type === "silence") return;
    if (answer.type === "busy") {
      this.#sequence = { ...(command.sequence === 0 ? { last: 0, stored: null } : this.#sequence), busy: true };
      const busy = { ...this.#frame(command, replyOf(BUSY.code)), sequence: 0 };
      this.#send(command, encodeFrame(busy), answer, after);
      return;
    }
    const plain = this.#frame(command, answer);
    const sealed = this.#options.security?.seal(plain, command) ?? plain;
    const reply = encodeFrame(sealed);
    if (reply.length > this.#acuBytes) {
      this.#finish(command, bytes, encodeFrame(this.#frame(command, refuse(9))), refuse(9), after);
      return;
    }
    this.#finish(command, bytes, reply, answer, after);
  }

  #finish(command: Frame, bytes: Uint8Array, reply: Uint8Array, answer: PdAnswer, after: (() => void)[]): void {
    this.#sequence = { last: command.sequence, stored: { command: bytes, reply }, busy: false };
    this.#send(command, reply, answer, after);
  }

  #answer(command: Frame, bytes: Uint8Array, after: (() => void)[]): PdAnswer {
    if (bytes.length > this.#receiveBytes) return refuse(2);
    const { security, application } = this.#options;
    if (command.scb && !security) return refuse(5);
    const opened = security?.open(command, bytes) ?? { type: "data" as const, data: command.data };
    if (opened.type !== "data") return opened;
    const codec = commands.get(command.code);
    if (!codec) return refuse(3);
    const value = tryDecode(codec, opened.data);
    if (value === null) return refuse(2);
    const context: PdContext = {
      broadcast: command.address === BROADCAST,
      reportsWaiting: this.#reports.length,
      standard: () => this.#standard(codec.code, value),
      afterReply: (fn) => after.push(fn),
    };
    return application({ code: codec.code, name: codec.name, value }, context);
  }

  #standard(code: number, value: unknown): PdAnswer {
    if (code === POLL.code) return this.#reports.shift() ?? acknowledged;
    if (code !== ACURXSIZE.code) return refuse(3);
    const { bytes } = value as { bytes: number };
    // Every panel must take 128 (5.6); less would leave a PD without any reply to give.
    if (bytes < DEFAULT_RECEIVE_BYTES) return refuse(9);
    this.#acuBytes = Math.min(bytes, MAX_FRAME_BYTES);
    return acknowledged;
  }

  #frame(command: Frame, answer: PdAnswer): Frame {
    const { code, data } = contentOf(answer);
    const { address, sequence, check } = command;
    return { address, reply: true, sequence, check, scb: null, code, data, mac: null };
  }

  #send(command: Frame, reply: Uint8Array, answer: PdAnswer, after: (() => void)[]): void {
    if (answer.type === "nak") {
      const reason = nakReasons[answer.code] ?? "unknown code";
      this.#tell({ type: "refused", name: commandName(command), code: command.code, nak: answer.code, reason });
    } else this.#tellCommand(command, answer.type === "busy" ? BUSY.name : nameOf(contentOf(answer).code), false);
    void this.#options.send(withMark(reply), { command: command.code, repeated: false }).then(() => {
      for (const fn of after) fn();
    });
  }

  #tellCommand(command: Frame, reply: string, repeated: boolean): void {
    const { code, sequence } = command;
    this.#tell({ type: "command", name: commandName(command), code, sequence, repeated, reply });
  }

  #heard(): void {
    this.#heardAt = this.#options.clock.now();
    if (this.#online) return;
    this.#online = true;
    this.#tell({ type: "online" });
    this.#watch();
  }

  #watch(): void {
    const { clock, offlineMs = 8000 } = this.#options;
    const left = this.#heardAt + offlineMs - clock.now();
    this.#endWatch = clock.after(left, () => {
      if (this.#heardAt + offlineMs > clock.now() + 0.001) {
        this.#watch();
        return;
      }
      this.#online = false;
      this.#acuBytes = DEFAULT_RECEIVE_BYTES;
      this.#options.security?.reset();
      this.#tell({ type: "offline" });
    });
  }

  #tell(event: PeripheralEvent): void {
    this.#options.onEvent?.(event);
  }
}

function replyOf(code: number): PdReply {
  return { type: "reply", code, data: new Uint8Array(0) };
}

function contentOf(answer: PdAnswer): { code: number; data: Uint8Array } {
  if (answer.type === "reply") return answer;
  if (answer.type === "nak") return { code: NAK.code, data: NAK.encode({ code: answer.code, detail: answer.detail }) };
  return { code: answer.type === "busy" ? BUSY.code : ACK.code, data: new Uint8Array(0) };
}

function commandName(command: Frame): string {
  return commands.get(command.code)?.name ?? "UNKNOWN";
}

function nameOf(code: number): string {
  return replies.get(code)?.name ?? "UNKNOWN";
}
