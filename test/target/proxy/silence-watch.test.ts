import fc from 'fast-check';
import { expect, test } from 'vitest';

import { type SilenceBounds, SilenceWatch } from '../../../src/target/proxy/silence-watch.ts';

const bounds: SilenceBounds = {
  firstTokenMs: 20_000,
  stallMs: 8000,
  totalMs: 60_000,
  suspectMs: 2000,
};

test('silence is asked about, and waited for as long as the answer is that it lives', () => {
  const watch = new SilenceWatch(bounds, 0);
  expect(watch.nextAt).toBe(2000);
  expect(watch.look(1999)).toBe('wait');
  expect(watch.look(2000)).toBe('ask');
  // While nobody has answered, it is not asked again.
  expect(watch.nextAt).toBe(20_000);
  watch.alive(2600);
  expect(watch.nextAt).toBe(4600);
  expect(watch.look(4600)).toBe('ask');
  expect(watch.look(20_000)).toBe('first-token');
});

test('each token begins another silence, once somebody waits', () => {
  const watch = new SilenceWatch(bounds, 0);
  watch.progress();
  // A reader that is slow for a while takes nothing from the backend.
  watch.waitFrom(30_000);
  expect(watch.since).toBe(30_000);
  expect(watch.nextAt).toBe(32_000);
  expect(watch.look(32_000)).toBe('ask');
  expect(watch.look(38_000)).toBe('stall');
});

test('an answer that goes on for ever is over at last', () => {
  const watch = new SilenceWatch(bounds, 0);
  watch.progress();
  watch.waitFrom(59_000);
  expect(watch.nextAt).toBe(60_000);
  expect(watch.look(60_000)).toBe('total');
});

test('without a time to suspect, nobody is asked', () => {
  const { suspectMs: _, ...blunt } = bounds;
  const watch = new SilenceWatch(blunt, 0);
  expect(watch.nextAt).toBe(20_000);
});

test('a look that comes far too late gives back what it took, once', () => {
  const { suspectMs: _, ...blunt } = bounds;
  const watch = new SilenceWatch(blunt, 0);
  expect(watch.look(21_500)).toBe('wait');
  expect(watch.nextAt).toBe(23_000);
  expect(watch.look(30_000)).toBe('first-token');
});

test('a machine that slept gives two seconds, for however long it did', () => {
  const watch = new SilenceWatch(bounds, 0);
  expect(watch.look(50_000)).toBe('wait');
  expect(watch.nextAt).toBe(52_000);
  expect(watch.look(52_000)).toBe('first-token');
});

test('whatever happens, it is over by its deadline and a grace, never before it, and asks in turn', () => {
  const event = fc.record({
    afterMs: fc.integer({ min: 1, max: 9000 }),
    what: fc.constantFrom('look', 'look', 'look', 'token', 'alive'),
  });
  const outcome = fc.check(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const watch = new SilenceWatch(bounds, 0);
      let now = 0;
      let silentFrom = 0;
      let limitMs = bounds.firstTokenMs;
      let isAsking = false;
      for (const { afterMs, what } of events) {
        now += afterMs;
        if (what === 'token') {
          watch.progress();
          watch.waitFrom(now);
          [silentFrom, limitMs, isAsking] = [now, bounds.stallMs, false];
        } else if (what === 'alive' && isAsking) {
          watch.alive(now);
          isAsking = false;
        } else if (what === 'look') {
          const step = watch.look(now);
          const silentMs = now - silentFrom;
          const isLegal = {
            wait: watch.nextAt <= Math.max(silentFrom + limitMs, now + 2000),
            ask: !isAsking && silentMs >= 2000,
            'first-token': silentMs >= limitMs,
            stall: silentMs >= limitMs,
            total: now >= bounds.totalMs,
          };
          if (!isLegal[step]) return false;
          if (step !== 'wait' && step !== 'ask') return true;
          isAsking ||= step === 'ask';
        }
      }
      return true;
    }),
  );
  expect(outcome.counterexample).toBeNull();
});
