/** Our tallies beside prom-client's own counter and histogram: Prometheus sees no difference. */

import fc from 'fast-check';
import { Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';

import {
  CounterTally,
  HistogramTally,
  registerTally,
} from '../../../../src/target/proxy/diagnostic/tally.ts';

const facts = {
  name: 'things_total',
  help: 'Things, by "kind" \\ and\nplace',
  labelNames: ['kind', 'place'] as const,
};
const bounds = [0.001, 0.5, 1, 16_384, 1e21];

/** Few enough to meet again. prom-client mistakes some that hold `,` and `:` for one another. */
const label = fc.oneof(
  fc.constantFrom('', 'spark', 'azure', 'served', '__proto__', '7'),
  fc.string({
    unit: fc.constantFrom('a', '"', '\\', '\n', '{', '}', '=', ' ', '炉'),
    maxLength: 4,
  }),
);
const labels = fc.record({ kind: label, place: label }, { noNullPrototype: true });
const finite = { noNaN: true, noDefaultInfinity: true };
const value = fc.oneof(fc.constantFrom(0, ...bounds), fc.double(finite), fc.nat(10));
const amount = fc.option(fc.oneof(fc.double({ min: 0, ...finite }), fc.nat(3)), { nil: undefined });

/** Observations, with a look at the text after each batch. */
const batches = <Seen>(seen: fc.Arbitrary<Seen>) =>
  fc.array(fc.array(fc.tuple(labels, seen)), { minLength: 1, maxLength: 3 });

test('a counter of ours makes the text that prom-client makes of its own', async () => {
  await fc.assert(
    fc.asyncProperty(batches(amount), async (all) => {
      const [ours, theirs] = [new Registry(), new Registry()];
      const tally = new CounterTally(facts);
      registerTally(ours, tally);
      const counter = new Counter({ ...facts, registers: [theirs] });
      for (const batch of all) {
        for (const [where, more] of batch) {
          tally.add(where, more);
          counter.inc(where, more);
        }
        expect(await ours.metrics()).toBe(await theirs.metrics());
      }
    }),
    { examples: [[[[]]]] },
  );
});

test('a histogram of ours makes the text that prom-client makes of its own', async () => {
  await fc.assert(
    fc.asyncProperty(batches(value), async (all) => {
      const [ours, theirs] = [new Registry(), new Registry()];
      const tally = new HistogramTally({ ...facts, bounds });
      registerTally(ours, tally);
      const histogram = new Histogram({ ...facts, buckets: [...bounds], registers: [theirs] });
      for (const batch of all) {
        for (const [where, observed] of batch) {
          tally.observe(where, observed);
          histogram.observe(where, observed);
        }
        expect(await ours.metrics()).toBe(await theirs.metrics());
      }
    }),
    { examples: [[[[]]]] },
  );
});

test('labels that hold what stands between labels are told apart', async () => {
  const registry = new Registry();
  const tally = new CounterTally(facts);
  registerTally(registry, tally);
  tally.add({ kind: 'a,place:b', place: 'c' });
  tally.add({ kind: 'a', place: 'b,place:c' });
  expect((await registry.metrics()).trimEnd().split('\n').slice(2)).toEqual([
    'things_total{kind="a,place:b",place="c"} 1',
    'things_total{kind="a",place="b,place:c"} 1',
  ]);
});
