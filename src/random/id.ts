/**
 * Names for things: unguessable where strangers could try them, repeatable where a run is replayed.
 */

import { randomBytes } from 'node:crypto';

import type { Random } from './random.ts';

/** Mints 128 bits as 32 lower-case hexadecimal digits. */
export type IdSource = () => string;

const idBytes = 16;
/** Asking for entropy costs far more than the bytes do, so it is asked for many ids at once. */
const pooledIds = 256;
let pool = Buffer.alloc(0);
let usedBytes = 0;

/** From the machine's entropy: what `serve` uses. */
export const entropyIds: IdSource = () => {
  if (usedBytes === pool.length) {
    pool = randomBytes(idBytes * pooledIds);
    usedBytes = 0;
  }
  usedBytes += idBytes;
  return pool.toString('hex', usedBytes - idBytes, usedBytes);
};

/** From a stream: what a run with a seed uses. */
export const seededIds =
  (random: Random): IdSource =>
  () => {
    let id = '';
    for (let part = 0; part < 4; part++)
      id += Math.floor(random.next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return id;
  };
