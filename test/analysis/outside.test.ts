import fc from 'fast-check';
import { expect, test } from 'vitest';

import { withOwners } from '../../src/analysis/outside.ts';
import type { FaultAct } from '../../src/log/entry.ts';
import { exchange, faultAct, traceOf } from '../kit/log.ts';

/** What met a connection that had said nothing yet. */
const actOf = (at: number): FaultAct => {
  const { trace: _, ...act } = faultAct({ at });
  return act;
};

const instant = fc.integer({ min: 0, max: 40 });

test('an act that names no trace belongs to the one exchange in flight, and to none of several', () => {
  const span = fc.tuple(instant, fc.integer({ min: 0, max: 15 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(span), fc.array(instant), (spans, instants) => {
      const sent = spans.map(([at, ms, isSent], place) => {
        const { sentAt: _, ...rest } = exchange({ trace: traceOf(place, 1), endedAt: at + ms });
        return isSent ? { ...rest, sentAt: at } : rest;
      });
      const acts = instants.map((at) => actOf(at));
      const owners = withOwners(acts, sent).map(({ trace }) => trace);
      const alone = acts.map(({ at }) => {
        const inFlight = sent.filter((it) => 'sentAt' in it && it.sentAt <= at && at <= it.endedAt);
        return inFlight.length === 1 ? inFlight[0]?.trace : undefined;
      });
      expect(owners).toEqual(alone);
    }),
  );
});
