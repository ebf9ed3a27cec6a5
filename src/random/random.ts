/**
 * Chance, as something a program is given.
 *
 * Each consumer takes its own stream with `fork`, by name. A consumer that is added, or draws more,
 * never disturbs the numbers that the others draw, so old seeds keep reproducing old runs.
 *
 * The generator is xoshiro128** (Blackman and Vigna, 2018, https://prng.di.unimi.it): 128 bits of
 * state, seeded through SplitMix32 as its authors advise.
 */

/** A deterministic stream of uniform numbers in [0, 1). */
export interface Random {
  next(): number;
  /** A stream of its own, the same for the same seed and label however much was drawn here. */
  fork(label: string): Random;
}

/** Starts a stream from a seed. */
export const seeded = (seed: number | string): Random =>
  fromHash(hashOf(String(seed), 0x5b1a_11a9));

const fromHash = (hash: number): Random => {
  const split = splitMix(hash);
  let a = split();
  let b = split();
  let c = split();
  let d = split();
  const draw = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };

  return {
    // 53 bits: 27 from one draw and 26 from the next.
    next: () => ((draw() >>> 5) * 2 ** 26 + (draw() >>> 6)) / 2 ** 53,
    fork: (label) => fromHash(hashOf(label, hash)),
  };
};

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

const splitMix = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e37_79b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return mixed ^ (mixed >>> 15);
  };
};

/** FNV-1a over the UTF-16 code units, begun at `start` and mixed at the end. */
const hashOf = (label: string, start: number): number => {
  let code = start ^ 0x811c_9dc5;
  for (let at = 0; at < label.length; at++)
    code = Math.imul(code ^ label.charCodeAt(at), 0x0100_0193);
  code = Math.imul(code ^ (code >>> 16), 0x85eb_ca6b);
  return code ^ (code >>> 13);
};
