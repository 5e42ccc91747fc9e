import type { Command } from "../../osdp/codec.ts";
import {
  ABORT,
  CAP,
  COMSET,
  FILETRANSFER,
  ID,
  ISTAT,
  KEYSET,
  LSTAT,
  MFG,
  OSTAT,
  OUT,
  RSTAT,
  type FileFragment,
  type OutputOrder,
} from "../../osdp/commands.ts";
import {
  acknowledged,
  refuse,
  replyWith,
  type PdAnswer,
  type PdApplication,
  type PdContext,
  type PdLater,
} from "../../osdp/peripheral-answer.ts";
import { COM, FTSTAT, PDCAP, PDID, type DeviceId } from "../../osdp/replies.ts";
import type { DoorUnit } from "./door-unit.ts";
import type { FaultBox } from "./faults.ts";
import { fileStatus, type FileReceiver } from "./file-receiver.ts";
import type { UnitSecurity } from "./unit-security.ts";

/** Rates of OSDP (5.1) that the simulated SR01 can use. */
export const usableBauds: readonly number[] = [9600, 19200, 38400, 57600, 115200, 230400];

/** What the application of the simulated SR01 works on. */
export interface ApplicationParts {
  faults: FaultBox;
  door: DoorUnit;
  files: FileReceiver;
  /** Null: no secure channel. */
  security: UnitSecurity | null;
  receiveBytes: number;
  id: () => DeviceId;
  parameters: () => { address: number; baud: number };
  /** To be done when the COM is out. */
  useParameters: (address: number, baud: number) => void;
  /** To be done when the FTSTAT is out. */
  install: (version: string) => void;
  /** So many bytes of a file have come; true: this fragment gets no answer any more. */
  passed: (receivedBytes: number) => boolean;
}

type Handler = (value: unknown, context: PdContext) => PdAnswer | PdLater;

/** The commands that a security relay needs (OSDP v2.2, section list in docs/protocol.md); all others get NAK 03. */
export function createApplication(parts: ApplicationParts): PdApplication {
  const { faults, door } = parts;
  const handlers = new Map<number, Handler>([
    on(ID, ({ type }) => (type === 0 ? replyWith(PDID, parts.id()) : refuse(9))),
    on(CAP, ({ type }) => (type === 0 ? capabilities(parts) : refuse(9))),
    on(LSTAT, () => door.status().local),
    on(ISTAT, () => door.status().inputs),
    on(OSTAT, () => door.status().outputs),
    on(RSTAT, () => door.status().readers),
    on(OUT, ({ orders }) => order(door, orders)),
    on(KEYSET, (value) => parts.security?.keySet(value) ?? refuse(3)),
    on(COMSET, (wish, context) => setParameters(parts, wish, context)),
    on(FILETRANSFER, (piece, context) => receive(parts, piece, context)),
    on(ABORT, () => {
      parts.files.abort();
      return acknowledged;
    }),
    // No maker's commands yet: ours is not implemented, another maker's cannot be processed.
    on(MFG, ({ vendor }) => refuse(vendor === parts.id().vendor ? 3 : 9)),
  ]);
  return (command, context) => {
    if (faults.spend("ignoreCommands")) return { type: "silence" };
    if (faults.spend("busyReplies")) return { type: "busy" };
    const nak = faults.spendNak(command.code);
    if (nak !== null) return refuse(nak);
    return handlers.get(command.code)?.(command.value, context) ?? context.standard();
  };
}

function on<T>(command: Command<T>, fn: (value: T, context: PdContext) => PdAnswer | PdLater): [number, Handler] {
  // The PD role decoded the value with this very command's codec.
  return [command.code, (value, context) => fn(value as T, context)];
}

/** Two inputs, one output, CRC, secure channel and whether on the factory key, own receive size, OSDP 2.2 (annex B). */
function capabilities({ receiveBytes, security }: ApplicationParts): PdAnswer {
  const rows: [number, number, number][] = [
    [1, 2, 2],
    [2, 4, 1],
    [8, 1, 0],
    [9, security ? 1 : 0, security?.channel.installMode ? 1 : 0],
    [10, receiveBytes & 0xff, receiveBytes >> 8],
    [16, 2, 0],
  ];
  return replyWith(PDCAP, {
    capabilities: rows.map(([code, compliance, count]) => ({ function: code, compliance, count })),
  });
}

/** All orders are checked before the first is executed: a refused OUT has moved nothing. */
function order(door: DoorUnit, orders: readonly OutputOrder[]): PdAnswer {
  if (orders.some(({ output }) => output >= door.outputCount)) return refuse(3);
  if (orders.some(({ code }) => code > 6)) return refuse(9);
  door.order(orders);
  return acknowledged;
}

/** One part of the wish that cannot be used: nothing changes, and COM says so. Never NAK. */
function setParameters(parts: ApplicationParts, wish: { address: number; baud: number }, context: PdContext): PdAnswer {
  const now = parts.parameters();
  const next = wish.address <= 126 && usableBauds.includes(wish.baud) ? wish : now;
  if (next.address !== now.address || next.baud !== now.baud) {
    context.afterReply(() => {
      parts.useParameters(next.address, next.baud);
    });
  }
  return replyWith(COM, { address: next.address, baud: next.baud });
}

function receive(parts: ApplicationParts, piece: FileFragment, context: PdContext): PdAnswer {
  const { detail, install } = parts.files.take(piece);
  const receivedBytes = piece.offset + piece.fragment.length;
  if (detail >= 0 && parts.passed(receivedBytes)) return { type: "silence" };
  if (install !== undefined) {
    context.afterReply(() => {
      parts.install(install);
    });
  }
  const { ftAction, ftDelayMs, ftUpdateMax, updateMaxShrinksAt: shrinks } = parts.faults.now;
  return replyWith(FTSTAT, {
    action: ftAction ?? (context.reportsWaiting > 0 ? 5 : 1),
    delayMs: ftDelayMs ?? (detail === fileStatus.finishing ? 50 : 0),
    detail,
    updateMax: shrinks && receivedBytes >= shrinks.offset ? shrinks.max : (ftUpdateMax ?? 0),
  });
}
