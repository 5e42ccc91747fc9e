import { fail } from "../../lib/errors.ts";

/** A gateway's raw TCP port. */
export interface GatewayAddress {
  host: string;
  port: number;
}

const form = /^tcp:\/\/(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9][a-z0-9.-]{0,252})):(\d{1,5})\/?$/i;

/** Whether a typed path means a TCP gateway. */
export function isGatewayPath(path: string): boolean {
  return /^tcp:/i.test(path);
}

/** The address in `tcp://host:port`, `tcp://[ipv6]:port`. Throws `bad-input` (field `port`) for any other form. */
export function parseGatewayPath(path: string): GatewayAddress {
  const [, ipv6, name, portText] = form.exec(path) ?? [];
  const port = Number(portText);
  const host = ipv6 ?? name;
  if (host === undefined || port < 1 || port > 65_535) {
    throw fail("bad-input", "A gateway is given as tcp://ADDRESS:PORT, like tcp://192.168.1.50:4001.", {
      field: "port",
      data: { path },
    });
  }
  return { host, port };
}
