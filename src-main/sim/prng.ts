/** Numbers in [0, 1), the same for the same seed. */
export type Random = () => number;

/** A small seeded generator (mulberry32): good enough for noise, never for keys. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** How many trials pass before the next hit of probability `rate` (geometric): one draw a hit, not one a trial. */
export function trialsToHit(random: Random, rate: number): number {
  if (rate <= 0) return Infinity;
  if (rate >= 1) return 0;
  return Math.floor(Math.log(1 - random()) / Math.log(1 - rate));
}
