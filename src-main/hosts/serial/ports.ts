import { errorShape, fail, toToolkitError, type ToolkitError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Port } from "../../lib/port.ts";
import type { PortVerdict, UsbWithoutPort } from "../../services/model/adapter.ts";
import { portVerdict } from "../../services/port-verdict.ts";
import type { ListedPort, PortSource } from "../../services/seams.ts";
import { isGatewayPath } from "../tcp/gateway-address.ts";
import { openTcpPort } from "../tcp/tcp-port.ts";
import { listSysUsbWithoutPort } from "../usb/sys-usb.ts";
import { loadUsb, withoutPortByIds } from "../usb/usb-library.ts";
import { portAliases } from "./aliases.ts";
import type { Direction } from "./direction.ts";
import { gatherEvidence, systemEvidence } from "./evidence.ts";
import { adapterKeys, isLikelyAdapter, listPorts } from "./port-list.ts";
import { openSerialPort } from "./serial-port.ts";
import { watchPorts } from "./watch-ports.ts";

/** A typed port: a serial path (links like /dev/serial/by-id too) or `tcp://host:port`. */
export interface OpenAnyPort {
  path: string;
  baud: number;
  log: Log;
  signal?: AbortSignal | undefined;
  direction?: Direction | undefined;
}

/** Opens a serial port or a TCP gateway. Errors as `openSerialPort`, `openTcpPort`, and nothing more is asked. */
export function openPlainPort(options: OpenAnyPort): Promise<Port> {
  if (!isGatewayPath(options.path)) return openSerialPort(options);
  if ((options.direction ?? "auto") === "auto") return openTcpPort(options);
  const message = "A gateway switches its own transmitter: the direction is set in its page.";
  return Promise.reject(fail("unsupported", message, { field: "direction" }));
}

/**
 * Opens a typed port. When it does not open the error says why and what to do next: `data.verdict` holds a `PortVerdict`,
 * the message its sentences. The code stays.
 */
export async function openAnyPort(options: OpenAnyPort): Promise<Port> {
  try {
    return await openPlainPort(options);
  } catch (thrown) {
    const error = toToolkitError(thrown);
    if (!hasReason(error)) throw error;
    const verdict = await verdictOn(options.path, error);
    const commands = verdict.commands ? [` Commands: ${verdict.commands.join(" ; ")}`] : [];
    const message = `${verdict.message} Next: ${verdict.nextStep}${commands.join("")}`;
    const field = error.field === undefined ? {} : { field: error.field };
    throw fail(error.code, message, { ...field, data: { ...error.data, verdict }, cause: error.cause });
  }
}

/** The verdict on how an attempt to use a port ended (null: well), with what this machine tells about the port. */
export async function verdictOn(path: string, error: ToolkitError | null): Promise<PortVerdict> {
  const evidence = await gatherEvidence(path, {
    ...systemEvidence,
    listed: async () => {
      const [ports, withoutPort] = await Promise.all([listAdapters().catch(() => []), listWithoutPort()]);
      return { adapters: ports.filter(({ likely }) => likely).length, withoutPort };
    },
  });
  return portVerdict(error && errorShape(error), evidence);
}

/** Every serial port of this machine, RS485 adapters first, with keys and other names. */
export async function listAdapters(): Promise<ListedPort[]> {
  const [ports, aliases] = await Promise.all([listPorts(), portAliases()]);
  const keys = adapterKeys(ports);
  return ports.map((port, i) => ({
    ...port,
    ...{ key: keys[i] ?? port.path, likely: isLikelyAdapter(port), aliases: aliases.get(port.path) ?? [] },
  }));
}

/** Adapters of known chips on USB that have no serial port. Empty where nobody can tell. */
export async function listWithoutPort(): Promise<UsbWithoutPort[]> {
  if (process.platform === "linux") return listSysUsbWithoutPort();
  const usb = await loadUsb();
  if (!usb) return [];
  return withoutPortByIds(usb.getDeviceList(), await listPorts().catch(() => []), process.platform);
}

/** The ports of this machine and typed gateways, for the services. */
export function systemPorts(log: Log): PortSource {
  return {
    platform: process.platform,
    list: listAdapters,
    withoutPort: listWithoutPort,
    watch: (changed) => watchPorts(changed),
    open: (path, baud, signal) => openAnyPort({ path, baud, log, signal }),
  };
}

/** Only what came from opening is explained; bad rates, wrong forms and cancelling explain themselves. */
function hasReason({ data }: ToolkitError): boolean {
  return data?.["reason"] !== undefined;
}
