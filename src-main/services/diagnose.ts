import { gatherEvidence, type GatherOrder } from "../sr01/gather-evidence.ts";
import { weigh } from "../sr01/suspects.ts";
import type { LineQualityReport, FaultReport } from "./model/diagnose.ts";
import type { PortSource, Seams } from "./seams.ts";

/** How to look for a fault: as {@link GatherOrder}, with the port by its path. */
export interface FindFaultOrder extends Omit<GatherOrder, "port" | "clock" | "wireTiming" | "deviceTiming"> {
  path: string;
  baud: number;
}

/**
 * Opens the port, collects evidence by the rules of the line mode, weighs it, and gives the port back whatever happens. The
 * line must not be open elsewhere. Rejects with `busy` (port taken), `link-lost`, `cancelled`; faults of the line are no errors.
 */
export async function findFault(
  ports: Pick<PortSource, "open">,
  seams: Pick<Seams, "clock" | "wireTiming" | "deviceTiming">,
  order: FindFaultOrder,
): Promise<FaultReport> {
  const { clock, wireTiming, deviceTiming } = seams;
  const port = await ports.open(order.path, order.baud, order.signal);
  try {
    const evidence = await gatherEvidence({ ...order, port, clock, wireTiming, deviceTiming });
    return { evidence, diagnosis: weigh(evidence) };
  } finally {
    await port.close();
  }
}

/** What a line test adds to the evidence. */
export function measuredRates({ rates }: Pick<LineQualityReport, "rates">): GatherOrder["rates"] {
  return rates
    .filter((rate) => rate.tested === "measured" && rate.packets > 0)
    .map(({ baud, packets, lossRate }) => ({ baud, packets, lossRate }));
}
