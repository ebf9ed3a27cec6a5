import fc from 'fast-check';
import { expect, test } from 'vitest';

import { PathHealth } from '../../../src/target/proxy/path-health.ts';

const refused = { reason: 'refused', evidence: 'hard', message: 'refused' } as const;
const expired = { ...refused, reason: 'tls', isLasting: true } as const;

test('it is probed after 5 s, then later and later, and every minute at last', () => {
  const path = new PathHealth();
  const waits: number[] = [];
  let now = 0;
  for (let failure = 0; failure < 6; failure++) {
    path.fail(refused, now);
    waits.push((path.probeAt ?? Number.NaN) - now);
    now = path.probeAt ?? Number.NaN;
  }
  expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
});

test('requests that fail while it waits for its probe do not put that off', () => {
  const path = new PathHealth();
  path.fail(refused, 0);
  path.fail(refused, 4000);
  expect(path.probeAt).toBe(5000);
});

test('a certificate is for people to mend: five minutes, and they are told', () => {
  const path = new PathHealth();
  path.fail(expired, 0);
  expect(path.probeAt).toBe(300_000);
  expect(path.alarm).toBe(expired);
  path.succeed();
  expect(path.alarm).toBeUndefined();
});

test('it is set aside from a failure to the next answer, and no wait is above five minutes', () => {
  const event = fc.record({
    afterMs: fc.nat(100_000),
    what: fc.constantFrom('refused', 'expired', 'answer'),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 100 }), (events) => {
      const path = new PathHealth();
      let now = 0;
      for (const { afterMs, what } of events) {
        now += afterMs;
        if (what === 'answer') path.succeed();
        else path.fail(what === 'expired' ? expired : refused, now);
        expect(path.isSetAside).toBe(what !== 'answer');
        expect(path.probeAt === undefined).toBe(what === 'answer');
        expect(path.probeAt ?? 0).toBeLessThanOrEqual(now + 300_000);
      }
    }),
  );
});
