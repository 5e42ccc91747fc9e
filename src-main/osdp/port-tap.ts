import type { Clock } from "../lib/clock.ts";
import type { Port } from "../lib/port.ts";
import type { TracePiece } from "./wire.ts";

/** The same port, with every byte both ways told to `hear` first, from its opening on. `hear` must not throw. */
export function tapPort(port: Port, clock: Pick<Clock, "now">, hear: (piece: TracePiece) => void): Port {
  port.onData((bytes) => {
    hear({ direction: "received", at: clock.now(), bytes });
  });
  return {
    path: port.path,
    get baud() {
      return port.baud;
    },
    write: (bytes) => {
      hear({ direction: "sent", at: clock.now(), bytes });
      return port.write(bytes);
    },
    setBaud: (baud) => port.setBaud(baud),
    onData: (fn) => port.onData(fn),
    onClose: (fn) => port.onClose(fn),
    close: () => port.close(),
  };
}
