import { concatBytes } from "../lib/bytes.ts";
import { toToolkitError } from "../lib/errors.ts";
import type { Port } from "../lib/port.ts";
import type { Bus } from "../osdp/bus.ts";
import { damageKind, isHeadless, splitEcho, type Asked } from "./evidence.ts";
import { sendPacket, type Packet } from "./measure-line.ts";

/** So many packets without an answer, and the unit is taken for mute here. */
const mutePackets = 6;

/** Whom to ask, how often. `port` is the one that the bus is on. */
export interface AskOrder {
  bus: Bus;
  port: Port;
  address: number;
  packets: number;
  signal?: AbortSignal | undefined;
}

/** Asks a unit in clear, each packet once, and compares what came back byte by byte. Rejects with `cancelled`, `link-lost`. */
export async function askUnit({ bus, port, address, packets, signal }: AskOrder): Promise<Asked> {
  const asked: Asked = {
    ...{ packets: 0, received: 0, timeout: 0, damaged: 0, refused: 0, mismatch: 0, naks: [] },
    ...{ echo: "none", rubbish: 0, headless: 0, heavyDamage: 0, slightDamage: 0, foreign: false },
  };
  const echoes = { none: 0, clean: 0, damaged: 0 };
  const ear = exchangeEar(port, bus);
  const good = new Map<string, Uint8Array>();
  const bad: { command: string; rest: Uint8Array }[] = [];
  try {
    for (let i = 0; i < packets; i++) {
      if (i >= mutePackets && asked.timeout + asked.damaged === i && asked.rubbish === 0) break;
      ear.begin();
      const packet = await sendPacket({ bus, address, check: "crc", id: null }, i, signal);
      const { echo, rest } = splitEcho(ear.sent(), ear.received());
      echoes[echo] += 1;
      note(asked, packet, address, rest);
      if (packet.outcome === "received") good.set(packet.command, rest);
      else if (packet.outcome === "damaged") bad.push({ command: packet.command, rest });
    }
  } catch (error) {
    const { code } = toToolkitError(error);
    if (code !== "busy") throw error;
    asked.foreign = true;
  } finally {
    ear.leave();
  }
  if (echoes.clean + echoes.damaged > echoes.none) asked.echo = echoes.damaged > echoes.clean ? "damaged" : "clean";
  for (const { command, rest } of bad) {
    const kind = damageKind(good.get(command) ?? new Uint8Array(0), rest);
    if (kind === "heavy") asked.heavyDamage += 1;
    else if (kind === "slight") asked.slightDamage += 1;
  }
  return asked;
}

function note(asked: Asked, packet: Packet, address: number, rest: Uint8Array): void {
  asked.packets += 1;
  asked[packet.outcome] += 1;
  if (packet.nak !== null && !asked.naks.includes(packet.nak)) asked.naks.push(packet.nak);
  if (packet.outcome !== "timeout" && packet.outcome !== "damaged") return;
  if (isHeadless(rest, address)) asked.headless += 1;
  if (rest.length > 0) asked.rubbish += 1;
}

/** The raw bytes of one exchange, both ways. */
function exchangeEar(port: Port, bus: Bus) {
  let sent = new Uint8Array(0);
  let parts: Uint8Array[] = [];
  const leaveSent = bus.wire.onTrace(({ direction, bytes }) => {
    if (direction === "sent") sent = Uint8Array.from(bytes);
  });
  const leaveData = port.onData((bytes) => {
    parts.push(bytes);
  });
  return {
    begin: () => {
      sent = new Uint8Array(0);
      parts = [];
    },
    sent: () => sent,
    received: () => concatBytes(...parts),
    leave: () => {
      leaveSent();
      leaveData();
    },
  };
}
