import type { FileFragment } from "../../osdp/commands.ts";
import { concatBytes } from "../../lib/bytes.ts";
import { hardwareProblem, maxImageBytes, readImage } from "../../sr01/image.ts";
import type { FaultBox } from "./faults.ts";

/** Status details of FTSTAT (7.25). */
export const fileStatus = {
  ok: 0,
  processed: 1,
  rebooting: 2,
  finishing: 3,
  abort: -1,
  unrecognised: -2,
  malformed: -3,
} as const;

/** What is told of a file. `detail` as in FTSTAT. */
export type FileEvent =
  | { event: "file"; state: "started"; totalBytes: number }
  | { event: "file"; state: "received"; totalBytes: number; kind: "simulator" | "opaque"; version: string | null }
  | { event: "file"; state: "refused"; receivedBytes: number; totalBytes: number; detail: number; reasons: string[] }
  | { event: "file"; state: "aborted"; receivedBytes: number; totalBytes: number };

/** The verdict on one fragment; `install` is the version to run after the restart that status 2 announces. */
export interface FileVerdict {
  detail: number;
  install?: string;
}

interface Transfer {
  fileType: number;
  total: number;
  received: number;
  parts: Uint8Array[];
  /** Set when all has come: what the idle fragments are waiting for. */
  finishing: { version: string; left: number; untilMs: number } | null;
}

/** What a receiver is made of. */
export interface FileReceiverOptions {
  faults: FaultBox;
  hardwareVersion: number;
  nowMs: () => number;
  onEvent: (event: FileEvent) => void;
}

/**
 * The receiving end of FILETRANSFER (OSDP v2.2, 6.26): contiguous from 0, type and total constant; a violation is answered -1
 * and the transfer forgotten. It never sees a repeat: the PD role answers those itself. Only type 1 is known. An image with
 * the simulator's magic must be sound (-3) and fit the hardware (-2); without the magic the file is opaque: 1 at its end.
 */
export class FileReceiver {
  readonly #options: FileReceiverOptions;
  #transfer: Transfer | null = null;

  constructor(options: FileReceiverOptions) {
    this.#options = options;
  }

  /** The transfer under way, in bytes. */
  get progress(): { receivedBytes: number; totalBytes: number } | null {
    const transfer = this.#transfer;
    return transfer && { receivedBytes: transfer.received, totalBytes: transfer.total };
  }

  /** Forgets the transfer, as ABORT and a restart do. */
  abort(): void {
    const transfer = this.#transfer;
    this.#transfer = null;
    if (!transfer) return;
    const { received: receivedBytes, total: totalBytes } = transfer;
    this.#options.onEvent({ event: "file", state: "aborted", receivedBytes, totalBytes });
  }

  /** Takes the next fragment. */
  take(piece: FileFragment): FileVerdict {
    const transfer = this.#transfer ?? this.#open(piece);
    const wrong = violation(transfer, piece);
    if (wrong) return this.#refuse(transfer, wrong.detail, [wrong.reason]);
    this.#transfer = transfer;
    transfer.parts.push(piece.fragment);
    transfer.received += piece.fragment.length;
    const { ftStatusAt, earlyDone } = this.#options.faults.now;
    if (ftStatusAt && transfer.received >= ftStatusAt.offset) {
      if (ftStatusAt.detail >= 0) return { detail: ftStatusAt.detail };
      return this.#refuse(transfer, ftStatusAt.detail, ["told to by its faults"]);
    }
    if (transfer.received < transfer.total) return { detail: earlyDone ? fileStatus.processed : fileStatus.ok };
    return transfer.finishing ? this.#finish(transfer.finishing) : this.#judge(transfer);
  }

  #open(piece: FileFragment): Transfer {
    const fresh: Transfer = { fileType: piece.type, total: piece.total, received: 0, parts: [], finishing: null };
    if (!violation(fresh, piece)) this.#options.onEvent({ event: "file", state: "started", totalBytes: piece.total });
    return fresh;
  }

  #judge(transfer: Transfer): FileVerdict {
    const { faults, hardwareVersion, nowMs, onEvent } = this.#options;
    if (faults.now.statusZeroOnLast) return { detail: fileStatus.ok };
    const image = readImage(concatBytes(...transfer.parts));
    if (image.kind === "opaque") {
      onEvent({ event: "file", state: "received", totalBytes: transfer.total, kind: "opaque", version: null });
      this.#transfer = null;
      return { detail: fileStatus.processed };
    }
    const { problems, hardware, version } = image;
    if (problems.length > 0 || !hardware || !version) {
      return this.#refuse(
        transfer,
        fileStatus.malformed,
        problems.map((problem) => problem.message),
      );
    }
    const unfit = hardwareProblem(hardware, hardwareVersion);
    if (unfit) return this.#refuse(transfer, fileStatus.unrecognised, [unfit.message]);
    onEvent({ event: "file", state: "received", totalBytes: transfer.total, kind: "simulator", version });
    const { ftFinishingCount = 1, ftFinishingMs = 0 } = faults.now;
    transfer.parts = [];
    transfer.finishing = { version, left: ftFinishingCount, untilMs: nowMs() + ftFinishingMs };
    return this.#finish(transfer.finishing);
  }

  #finish(finishing: NonNullable<Transfer["finishing"]>): FileVerdict {
    if (finishing.left > 0 || this.#options.nowMs() < finishing.untilMs) {
      finishing.left = Math.max(0, finishing.left - 1);
      return { detail: fileStatus.finishing };
    }
    this.#transfer = null;
    return { detail: fileStatus.rebooting, install: finishing.version };
  }

  #refuse(transfer: Transfer, detail: number, reasons: string[]): FileVerdict {
    const { received: receivedBytes, total: totalBytes } = transfer;
    this.#transfer = null;
    this.#options.onEvent({ event: "file", state: "refused", receivedBytes, totalBytes, detail, reasons });
    return { detail };
  }
}

function violation(transfer: Transfer, piece: FileFragment): { detail: number; reason: string } | null {
  const { abort, unrecognised } = fileStatus;
  if (piece.type !== transfer.fileType) return { detail: abort, reason: "the file type changed" };
  if (piece.total !== transfer.total) return { detail: abort, reason: "the total size changed" };
  if (piece.offset !== transfer.received)
    return { detail: abort, reason: "the offset is not where the last one ended" };
  if (piece.type !== 1) return { detail: unrecognised, reason: "only files of type 1 are known" };
  if (piece.total === 0) return { detail: abort, reason: "the file is empty" };
  if (piece.total > maxImageBytes) return { detail: abort, reason: "the file is too large" };
  if (piece.offset + piece.fragment.length > piece.total) return { detail: abort, reason: "more bytes than the total" };
  return null;
}
