import type { Command } from "commander";
import { listPorts, type ListedPort } from "../serial/port-list.ts";
import type { CliAction } from "./context.ts";

/** Adds `ports`: all serial ports as `{"ports":[{path,vendorId,productId,serialNumber,chip}]}`, unknown values null. */
export function registerPortsCommand(
  program: Command,
  action: CliAction,
  list: () => Promise<ListedPort[]> = listPorts,
) {
  program
    .command("ports")
    .description("list serial ports, known USB adapters first")
    .action(
      action(async (cli) => {
        const ports = (await list()).map(({ path, vendorId, productId, serialNumber, chip }) => ({
          path,
          vendorId,
          productId,
          serialNumber,
          chip,
        }));
        cli.emit({ ports }, ports.length > 0 ? ports.map(inWords).join("\n") : "No serial port found.");
      }),
    );
}

function inWords(port: Omit<ListedPort, "usbPlace">): string {
  const ids = port.vendorId && port.productId ? `${port.vendorId}:${port.productId}` : "built in";
  return [port.path, port.chip ?? "", ids, port.serialNumber ?? ""].filter((part) => part !== "").join("  ");
}
