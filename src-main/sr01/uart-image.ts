/** How the bytes on the wire differ from what the receiver (8N1, its own polarity) expects. */
export interface WireForm {
  /** A and B are swapped between sender and receiver. */
  inverted?: boolean;
  /** The sender adds a parity bit. */
  parity?: "even" | "odd";
  /** Receiver's rate divided by the sender's; default 1. */
  ratio?: number;
}

/**
 * What an 8N1 receiver makes of bytes that were sent back to back in another form: sees a start at a falling edge, samples
 * in the middle of each bit, hands over the byte whatever the stop bit is, and after a wrong stop bit waits for the line to
 * rest high. The line rests high before and after (low when inverted, without counting that as a byte).
 */
export function uartImage(bytes: Uint8Array, form: WireForm): Uint8Array {
  const levels = levelsOf(bytes, form);
  const { ratio = 1 } = form;
  const rest = form.inverted === true ? 0 : 1;
  const at = (time: number): number => (time < 0 ? rest : (levels[Math.floor(time)] ?? rest));
  const bit = 1 / ratio;
  const step = bit / 16;
  const image: number[] = [];
  let time = -2 * bit;
  while (time < levels.length) {
    const falls = at(time) === 1 && at(time + step) === 0;
    if (!falls) {
      time += step;
      continue;
    }
    const start = time + step;
    let value = 0;
    for (let i = 0; i < 8; i++) value |= at(start + (1.5 + i) * bit) << i;
    image.push(value);
    // The next start may follow in the middle of the stop bit; after a wrong one the loop above waits for a high level.
    time = start + 9.5 * bit;
  }
  return Uint8Array.from(image);
}

/** One level a bit of the sender: start low, data from the lowest bit on, parity, stop high. */
function levelsOf(bytes: Uint8Array, { inverted, parity }: WireForm): number[] {
  const levels: number[] = [];
  for (const byte of bytes) {
    const data = Array.from({ length: 8 }, (_, i) => (byte >> i) & 1);
    const ones = data.reduce((sum, one) => sum + one, 0) & 1;
    const extra = parity === undefined ? [] : [parity === "even" ? ones : 1 - ones];
    levels.push(0, ...data, ...extra, 1);
  }
  return inverted === true ? levels.map((level) => 1 - level) : levels;
}
