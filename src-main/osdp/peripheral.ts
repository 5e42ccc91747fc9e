import { equalBytes } from "../lib/bytes.ts";
import { tryDecode } from "./codec.ts";
import { ACURXSIZE, commands, POLL } from "./commands.ts";
import {
  BROADCAST,
  carriesMac,
  DEFAULT_RECEIVE_BYTES,
  encodeFrame,
  frameBytes,
  MAX_FRAME_BYTES,
  withMark,
  type Frame,
} from "./frame.ts";
import { FrameParser, type ParserEvent } from "./parser.ts";
import {
  acknowledged,
  refuse,
  type PdAnswer,
  type PdContext,
  type PdLater,
  type PdReply,
} from "./peripheral-answer.ts";
import type { PeripheralEvent, PeripheralOptions } from "./peripheral-options.ts";
import { answerName, commandName, nakReason, replyFrame } from "./peripheral-frame.ts";
import { expectedNumber, freshSequence, judgeSequence, type SequenceState } from "./peripheral-sequence.ts";

/** An answer that is ready later than this is only stored: the panel's own limit is 200 ms, its repeat fetches it. */
const answerWithinMs = 190;

/**
 * The PD role of OSDP v2.2: takes chunks from the line, answers commands to its own address and to 7F, keeps the sequence
 * rules, hands each new command once to the application. Replies carry the kind of check that the command had. A frame
 * with a bad check is met with silence, never NAK 01: its address byte may be the damaged one, the NAK would then collide
 * with the right unit's reply, and some panels take NAK 01 as "no CRC here" for good (libosdp). The panel repeats anyway.
 * An application that answers NAK 01 says "not taken": in clear, number and session stay where they are (D.1.4).
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
  /** The command whose answer takes a while; nothing but sequence 0 is heard meanwhile. */
  #waiting: { bytes: Uint8Array } | null = null;
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

  /** True while a begun frame waits for more bytes. */
  get receiving(): boolean {
    return this.#parser.pending;
  }

  /** Forgets what is half received. */
  skip(): void {
    this.#endGap();
    this.#parser = new FrameParser();
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
    this.skip();
    this.#waiting = null;
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
    if (this.#waiting && (frame.sequence !== 0 || equalBytes(this.#waiting.bytes, bytes))) return;
    switch (judgeSequence(this.#sequence, frame.sequence, bytes)) {
      case "repeat":
        this.#repeat(frame);
        break;
      case "refuse":
        this.#refuseNumber(frame, bytes);
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

  /** The MAC is judged before the number: a good one lets the NAK 04 be sealed for the panel, a bad one ends the session. */
  #refuseNumber(command: Frame, bytes: Uint8Array): void {
    const { security, nak04Number } = this.#options;
    const opened = security && carriesMac(command.scb) ? security.open(command, bytes) : null;
    const answer = opened && opened.type !== "data" ? opened : refuse(4);
    const sequence = nak04Number?.(expectedNumber(this.#sequence), command.sequence) ?? command.sequence;
    const { reply } = this.#sealed({ ...command, sequence }, answer);
    this.#send(command, reply, answer, []);
  }

  #execute(command: Frame, bytes: Uint8Array): void {
    this.#waiting = null;
    if (command.sequence === 0) this.#options.security?.reset();
    const after: (() => void)[] = [];
    const answer = this.#answer(command, bytes, after);
    if (answer.type !== "later") {
      this.#reply(command, bytes, answer, after);
      return;
    }
    const waiting = { bytes };
    const since = this.#options.clock.now();
    this.#waiting = waiting;
    const ready = (ripe: PdAnswer): void => {
      if (this.#waiting !== waiting) return;
      this.#waiting = null;
      this.#reply(command, bytes, ripe, after, this.#options.clock.now() - since > answerWithinMs);
    };
    answer.answer.then(ready, () => {
      ready(refuse(9));
    });
  }

  #reply(command: Frame, bytes: Uint8Array, answer: PdAnswer, after: (() => void)[], late = false): void {
    if (answer.type === "silence") return;
    if (answer.type === "busy") {
      this.#sequence = { ...(command.sequence === 0 ? { last: 0, stored: null } : this.#sequence), busy: true };
      this.#send(command, encodeFrame(replyFrame(command, answer)), answer, after);
      return;
    }
    if (answer.type === "nak" && answer.code === 1) {
      this.#send(command, encodeFrame(replyFrame(command, answer)), answer, after);
      return;
    }
    const { reply, said } = this.#sealed(command, answer);
    this.#sequence = { last: command.sequence, stored: { command: bytes, reply }, busy: false };
    this.#send(command, reply, said, after, late);
  }

  /** The reply as it goes out; NAK 09 where it would be longer than the panel takes. */
  #sealed(command: Frame, answer: PdAnswer): { reply: Uint8Array; said: PdAnswer } {
    const { security } = this.#options;
    const frame = replyFrame(command, answer);
    const fits = (security?.sealedBytes(frame, command) ?? frameBytes(frame)) <= this.#acuBytes;
    const said = fits ? answer : refuse(9);
    const plain = fits ? frame : replyFrame(command, said);
    return { reply: encodeFrame(security?.seal(plain, command) ?? plain), said };
  }

  #answer(command: Frame, bytes: Uint8Array, after: (() => void)[]): PdAnswer | PdLater {
    const { security, application } = this.#options;
    if (command.scb && !security) return refuse(5);
    const opened = security?.open(command, bytes) ?? { type: "data" as const, data: command.data };
    if (opened.type !== "data") return opened;
    if (bytes.length > this.#receiveBytes) return refuse(2);
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

  #send(command: Frame, reply: Uint8Array, answer: PdAnswer, after: (() => void)[], stored = false): void {
    const { code } = command;
    if (answer.type === "nak") {
      const reason = nakReason(answer.code);
      this.#tell({ type: "refused", name: commandName(code), code, nak: answer.code, reason });
    } else this.#tellCommand(command, answerName(answer), false);
    const out = stored ? Promise.resolve() : this.#options.send(withMark(reply), { command: code, repeated: false });
    void out.then(() => {
      for (const fn of after) fn();
    });
  }

  #tellCommand({ code, sequence }: Frame, reply: string, repeated: boolean): void {
    this.#tell({ type: "command", name: commandName(code), code, sequence, repeated, reply });
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
