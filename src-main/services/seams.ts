import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Port } from "../lib/port.ts";
import type { DeviceTiming } from "../osdp/device.ts";
import type { WireTiming } from "../osdp/wire.ts";
import type { Secrets } from "../records/secrets.ts";
import type { Store } from "../records/store.ts";
import type { Hub } from "./hub.ts";
import type { UsbWithoutPort } from "./model/adapter.ts";

/** One serial port as the system lists it; unknown values null. */
export interface ListedPort {
  path: string;
  vendorId: string | null;
  productId: string | null;
  serialNumber: string | null;
  chip: string | null;
  /** Names the adapter across re-plugging as well as the system allows. */
  key: string;
  /** A USB-RS485 adapter by its chip. */
  likely: boolean;
  /** Which USB socket, where the system tells. */
  usbPlace?: string | null;
  /** Other names of the same port, e.g. under /dev/serial/by-id. */
  aliases?: string[];
}

/** How ports are had: the real ones of the machine, or the simulated one of Training. */
export interface PortSource {
  /** Node's name of the system, for advice about drivers; absent where there is none to give. */
  readonly platform?: string;
  list(): Promise<ListedPort[]>;
  /** Rejects with `busy`, `bad-input` (absent, no permission), `link-lost`, `cancelled`. */
  open(path: string, baud: number, signal?: AbortSignal): Promise<Port>;
  /** Adapters of known chips on USB that have no serial port. */
  withoutPort?(): Promise<UsbWithoutPort[]>;
  /** Tells of plugging and unplugging until the returned function is called. Does not keep the process alive. */
  watch?(changed: () => void): () => void;
}

/** Everything outside that the services use. Real and simulated sides are exchanged here and nowhere else. */
export interface Seams {
  clock: Clock;
  log: Log;
  hub: Hub;
  store: Store;
  secrets: Secrets;
  ports: PortSource;
  /** Who works here: the user's name in the operating system. For the audit list. */
  who: string;
  /** Names this running program, so that living work is told from left work. */
  owner: string;
  /** A fresh id, hard to guess. */
  newId: () => string;
  /** So many random bytes, fit for keys. */
  randomBytes: (count: number) => Uint8Array;
  /** Before the first byte is sent the line is listened to for so long, ms (docs/architecture.md "Line modes"). */
  listenMs: number;
  wireTiming: WireTiming;
  deviceTiming: DeviceTiming;
  /** Times of the door phone client; tests make them short. */
  phoneTiming: { gapMs?: number; timeoutMs?: number; settleMs?: number };
}
