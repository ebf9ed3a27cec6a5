import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import { encodeChunks } from '../../src/log/chunk-code.ts';
import { attempt, exchange, faultAct, faultArmed, log, traceOf } from '../kit/log.ts';

const entries = [
  exchange({ session: 1, scheduledAt: 1000 }),
  attempt({ trace: traceOf(1, 1) }),
  exchange({ session: 2, scheduledAt: 1200 }),
  attempt({ trace: traceOf(2, 1) }),
  exchange({ session: 3, scheduledAt: 20_000, outcome: 'failed' }),
  exchange({ session: 4, scheduledAt: 20_000, outcome: 'cancelled' }),
];

test('the bins hold every end and every token, and reach from the first phase to the last', () => {
  const [timeline] = analyse(log(entries)).timelines;
  expect(timeline).toMatchObject({ arm: 'main', origin: 0, binMs: 500 });
  expect(timeline?.bins).toHaveLength(141);
  const sum = (of: 'ended' | 'tokens', name: string): number =>
    timeline?.bins.reduce((total, bin) => total + (bin[of][name] ?? 0), 0) ?? NaN;
  expect(sum('ended', 'spark')).toBe(2);
  expect(sum('ended', 'failed')).toBe(1);
  expect(sum('tokens', 'spark')).toBeCloseTo(80);
});

test('a bin knows what was in flight when it began', () => {
  const [timeline] = analyse(log(entries)).timelines;
  // Both are in flight from 1.2 s on; they end at 2.455 s and 2.655 s.
  expect(timeline?.bins.slice(1, 7).map(({ inFlightMax }) => inFlightMax)).toEqual([
    0, 2, 2, 2, 1, 0,
  ]);
});

test('thinking that was held back is put where it was generated', () => {
  const instants = Array.from({ length: 40 }, (_, at) => (at < 30 ? 4000 : 4000 + (at - 30) * 50));
  const chunks = encodeChunks(
    instants.map((at, place) => ({ at, channel: place < 30 ? 'reasoning' : 'text' })),
  );
  const usage = { inputTokens: 100, outputTokens: 40, reasoningTokens: 30 };
  const held = exchange({ firstTokenAt: 4000, firstTextAt: 4000.1, chunks, usage });
  const tokensOf = (firstTokenAt: number): readonly number[] => {
    const served = attempt({ firstTokenAt, tokensReceived: 40, tokensForwarded: 40, usage });
    const [timeline] = analyse(log([held, served])).timelines;
    return (timeline?.bins ?? []).slice(0, 9).map(({ tokens }) => tokens['spark'] ?? 0);
  };
  expect(tokensOf(1000)).toEqual([0, 0, 5, 5, 5, 5, 5, 5, 10]);
  // A proxy that got it all at once held nothing back.
  expect(tokensOf(4000)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 40]);
});

test('faults are shown within the run, and phases in their order', () => {
  const faults = [faultArmed({ until: Infinity }), faultAct({ at: 1600 })];
  const [timeline] = analyse(log([...entries, ...faults])).timelines;
  expect(timeline?.faults).toEqual([
    { fault: 0, what: 'reset', backend: 'spark', from: 0, until: 70_000 },
  ]);
  expect(timeline?.acts).toEqual([{ at: 1600, what: 'reset', backend: 'spark' }]);
  expect(timeline?.phases.map(({ name }) => name)).toEqual([
    'warmup',
    'steady',
    'cooldown',
    'done',
  ]);
});
