import assert from 'node:assert/strict';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Admission } from '../../../src/target/proxy/admission.ts';

test('who queues first is served first', () => {
  const admission = new Admission(1);
  expect(admission.enter(0)).toBe(true);
  const granted: string[] = [];
  admission.queue(2, () => granted.push('first'));
  admission.queue(2, (startedAt) => granted.push(`second at ${startedAt}`));
  admission.leave(0, 10);
  admission.leave(10, 20);
  expect(granted).toEqual(['first', 'second at 20']);
});

test('nobody overtakes the queue', () => {
  const admission = new Admission(1);
  admission.enter(0);
  admission.queue(1, () => undefined);
  admission.leave(0, 10);
  expect(admission.enter(10)).toBe(false);
});

test('a place that was given up is not granted', () => {
  const admission = new Admission(1);
  admission.enter(0);
  const ticket = admission.queue(1, () => assert.fail('granted'));
  expect(ticket?.giveUp()).toBe(true);
  expect(ticket?.giveUp()).toBe(false);
  admission.leave(0, 10);
  expect(admission.hasFreeSlot).toBe(true);
});

test('the predicted wait is what is left of the mean, and a whole round for each queueful', () => {
  const admission = new Admission(2);
  expect(admission.predictedWaitMs(0)).toBeUndefined();
  admission.served(1000);
  expect(admission.predictedWaitMs(0)).toBe(0);
  admission.enter(0);
  admission.enter(400);
  expect(admission.predictedWaitMs(500)).toBe(500);
  admission.queue(9, () => undefined);
  expect(admission.predictedWaitMs(500)).toBe(900);
  admission.queue(9, () => undefined);
  expect(admission.predictedWaitMs(500)).toBe(1500);
});

test('however it is used, slots and queue keep their bounds and nobody is forgotten', () => {
  const act = fc.constantFrom('arrive', 'arrive', 'leave', 'give up');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.nat(3), fc.array(act), (slots, max, acts) => {
      const admission = new Admission(slots);
      const running: number[] = [];
      const waiting = new Map<number, { giveUp(): boolean }>();
      for (const [now, what] of acts.entries()) {
        if (what === 'arrive') {
          if (admission.enter(now)) running.push(now);
          else {
            const ticket = admission.queue(max, (startedAt) => {
              waiting.delete(now);
              running.push(startedAt);
            });
            assert.equal(ticket === undefined, waiting.size >= max);
            if (ticket) waiting.set(now, ticket);
          }
        }
        const started = what === 'leave' ? running.shift() : undefined;
        if (started !== undefined) admission.leave(started, now);
        const [last] = what === 'give up' ? [...waiting.keys()].slice(-1) : [];
        if (last !== undefined) {
          assert.ok(waiting.get(last)?.giveUp());
          waiting.delete(last);
        }
        assert.equal(admission.runningCount, running.length);
        assert.equal(admission.queuedCount, waiting.size);
        assert.ok(running.length <= slots);
        assert.ok(waiting.size === 0 || running.length === slots, 'a free slot while one waits');
      }
    }),
  );
});
