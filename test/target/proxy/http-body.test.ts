/** Bodies that come at the same time: none is lost or mixed up, and together they are bounded. */

import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ApiError } from '../../../src/target/proxy/api-error.ts';
import { BodyReader } from '../../../src/target/proxy/http-body.ts';

/** Reads it; resolves with the value or with the status of the refusal. */
const outcomeOf = (reader: BodyReader, body: PassThrough, encoding?: string): Promise<unknown> =>
  new Promise((resolve) => {
    reader.read(body, { length: undefined, encoding }, (error, value) =>
      resolve(error instanceof ApiError ? error.status : (error ?? value)),
    );
  });

const whole = (reader: BodyReader, text: string): Promise<unknown> => {
  const body = new PassThrough();
  const outcome = outcomeOf(reader, body);
  body.end(text);
  return outcome;
};

test('what is too much together is refused with a time to come back, and makes room', async () => {
  const reader = new BodyReader(100);
  const slow = new PassThrough();
  const slowly = outcomeOf(reader, slow);
  slow.write(`"${'a'.repeat(59)}`);
  await expect.poll(() => slow.readableLength).toBe(0);
  const refused = new PassThrough();
  const error = new Promise((resolve) => {
    reader.read(refused, { length: undefined, encoding: undefined }, resolve);
  });
  refused.write('b'.repeat(60));
  expect(await error).toMatchObject({ status: 503, retryAfterMs: expect.any(Number) });
  slow.end('"');
  expect(await slowly).toBe('a'.repeat(59));
  expect(await whole(reader, `"${'c'.repeat(98)}"`)).toBe('c'.repeat(98));
});

test('a client that leaves in the middle makes room', async () => {
  const reader = new BodyReader(100);
  const left = new PassThrough();
  const outcome = outcomeOf(reader, left);
  left.write('x'.repeat(90));
  await expect.poll(() => left.readableLength).toBe(0);
  left.destroy(new Error('aborted'));
  expect(await outcome).toBeInstanceOf(Error);
  expect(await whole(reader, `"${'c'.repeat(98)}"`)).toBe('c'.repeat(98));
});

test('however bodies interleave, each is read whole or refused, and none is held', async () => {
  const bytesMax = 64;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 4 }), {
        minLength: 1,
        maxLength: 8,
      }),
      fc.infiniteStream(fc.nat()),
      async (texts, draws) => {
        const reader = new BodyReader(bytesMax);
        const open = texts.map((pieces) => {
          const sent = pieces.join('');
          const body = new PassThrough();
          const json = JSON.stringify(sent);
          const cut = Math.floor(json.length / 2);
          return {
            body,
            sent,
            left: [json.slice(0, cut), json.slice(cut)],
            outcome: outcomeOf(reader, body),
          };
        });
        for (
          let busy = [...open];
          busy.length > 0;
          busy = busy.filter((it) => it.left.length > 0)
        ) {
          const one = busy[(draws.next().value ?? 0) % busy.length];
          const piece = one?.left.shift();
          if (one?.left.length === 0) one.body.end(piece);
          else one?.body.write(piece);
        }
        for (const { sent, outcome } of open) expect([sent, 503]).toContain(await outcome);
        const last = 'z'.repeat(bytesMax - 2);
        expect(await whole(reader, `"${last}"`)).toBe(last);
      },
    ),
  );
});

test('more packed bodies than are unpacked at once are all read', async () => {
  const reader = new BodyReader();
  const outcomes = Array.from({ length: 20 }, (_, at) => {
    const body = new PassThrough();
    const outcome = outcomeOf(reader, body, at === 7 ? 'unknown' : 'gzip');
    body.end(at === 11 ? 'not packed' : gzipSync(JSON.stringify({ at })));
    return outcome;
  });
  const expected = outcomes.map((_, at) => (at === 7 ? 415 : at === 11 ? 400 : { at }));
  expect(await Promise.all(outcomes)).toEqual(expected);
});
