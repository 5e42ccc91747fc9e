import { concatBytes } from "../../lib/bytes.ts";
import type { SimAnswer } from "./endpoints.ts";
import type { SimPhoneFaults } from "./settings.ts";

/** An answer as it leaves the unit. */
export interface WireAnswer {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** The page of a lighttpd error, as units send it. */
export function errorPage(status: number): string {
  const title = String(status);
  return `<?xml version="1.0" encoding="iso-8859-1"?>\n<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
}

/** Writes an answer down, with the lasting faults in it. */
export function encodeAnswer(answer: SimAnswer, faults: SimPhoneFaults): WireAnswer {
  const utf8 = new TextEncoder();
  if (typeof answer === "string") return { contentType: "text/html", body: utf8.encode(answer) };
  const kept: Record<string, unknown> = { ...answer };
  if (faults.missingData) delete kept["data"];
  const contentType = faults.wrongContentType ? "text/html" : "application/json";
  let body: Uint8Array = utf8.encode(JSON.stringify(kept));
  if (faults.invalidUtf8) body = spoilText(body);
  if (faults.trailingBytes) body = concatBytes(body, utf8.encode("\r\n0\r\n\r\n"));
  return { contentType, body };
}

/** Puts bytes that are no UTF-8 into the message text, as E18C does. */
function spoilText(body: Uint8Array): Uint8Array {
  const mark = new TextEncoder().encode('"message":"');
  for (let at = 0; at + mark.length <= body.length; at++)
    if (mark.every((byte, i) => body[at + i] === byte)) {
      const end = at + mark.length;
      return concatBytes(body.slice(0, end), Uint8Array.of(0xff, 0xc3, 0x28), body.slice(end));
    }
  return body;
}
