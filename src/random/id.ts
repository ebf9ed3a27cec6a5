/**
 * Names for things: unguessable where strangers could try them, repeatable where a run is replayed.
 */

import { randomBytes } from 'node:crypto';

import type { Random } from './random.ts';

/** Mints 128 bits as lower-case hexadecimal digits: the last 32, where there are more. */
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

/** How many digits of an id are time: milliseconds since 1970, until the year 10889. */
const timeDigits = 12;

/**
 * The same ids behind the time of day. What is kept under them is then kept in the order in which
 * it came, where an index by chance alone writes a page of its own for each.
 */
export const timedIds =
  (ids: IdSource, wall: () => number): IdSource =>
  () =>
    `${Math.floor(wall()).toString(16).padStart(timeDigits, '0')}${ids()}`;

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
