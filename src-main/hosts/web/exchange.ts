import type { IncomingMessage, ServerResponse } from "node:http";

/** Only these go on to the API: it has no use for the others, the token least of all. */
const passedOn = ["content-type", "content-length", "accept"] as const;

/** A node request as a web `Request`, without its token. The body is read as the taker asks for it. */
export function toRequest(message: IncomingMessage, target: URL): Request {
  const headers = new Headers();
  for (const name of passedOn) {
    const value = message.headers[name];
    if (typeof value === "string") headers.set(name, value);
  }
  const url = new URL(target);
  url.searchParams.delete("token");
  const method = message.method ?? "GET";
  if (method !== "POST") return new Request(url, { method, headers });
  // `duplex` is required by the standard for a streamed body and missing in the DOM types.
  const init: RequestInit & { duplex: "half" } = { method, headers, body: bodyOf(message), duplex: "half" };
  return new Request(url, init);
}

/** Giving the body up must not cut the connection, else the sender never reads why: the rest is thrown away unread. */
function bodyOf(message: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = message.iterator({ destroyOnReturn: false });
  return new ReadableStream(
    {
      pull: async (controller) => {
        const next = (await chunks.next()) as IteratorResult<Uint8Array<ArrayBuffer>, undefined>;
        if (next.done) controller.close();
        else controller.enqueue(new Uint8Array(next.value));
      },
      cancel: async () => {
        await chunks.return?.();
        message.resume();
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * Writes a web `Response` to a node one: the next piece is read only when the last one has left this process, and the
 * body is cancelled as soon as the other side goes away. Resolves when either is over.
 */
export async function sendResponse(response: Response, out: ServerResponse): Promise<void> {
  out.writeHead(response.status, Object.fromEntries(response.headers));
  const reader = response.body?.getReader();
  if (!reader) {
    out.end();
    return;
  }
  const onClose = (): void => void reader.cancel().catch(() => undefined);
  if (out.destroyed) onClose();
  out.once("close", onClose);
  // Else the headers of an event stream would wait for its first piece.
  out.flushHeaders();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (!out.write(part.value)) await drained(out);
    }
    out.end();
  } catch {
    out.destroy(); // The body failed after its status was sent: a cut connection is the only honest end.
  } finally {
    out.off("close", onClose);
  }
}

function drained(out: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      out.off("drain", done);
      out.off("close", done);
      resolve();
    };
    out.once("drain", done);
    out.once("close", done);
    if (out.destroyed) done();
  });
}
