import fc from 'fast-check';
import { expect, test } from 'vitest';

import { isMet, parseObjective } from '../../src/metric/objective.ts';
import { metrics } from '../../src/metric/table.ts';

test('an objective is read with its unit turned into that of the metric', () => {
  expect(parseObjective('ttfo p50 < 3 s')).toEqual({
    text: 'ttfo p50 < 3 s',
    id: 'ttfo',
    stat: 'p50',
    where: 'all',
    comparison: '<',
    limit: 3000,
  });
  expect(parseObjective('tpot p90 {backend=spark} <= 150 ms')).toMatchObject({
    stat: 'p90',
    where: 'backend=spark',
    limit: 150,
  });
  expect(parseObjective('failed = 0')).toMatchObject({ id: 'failed', stat: 'count', limit: 0 });
  expect(parseObjective('goodput_req @continue >= 95 %')).toMatchObject({
    stat: 'ratio',
    arm: 'continue',
    comparison: '>=',
    limit: 0.95,
  });
  expect(parseObjective('history_kept [fail] = 100%')).toMatchObject({ arm: 'fail', limit: 1 });
  expect(parseObjective('failover max {fault=0} @main<3s')).toMatchObject({
    stat: 'max',
    where: 'fault=0',
    arm: 'main',
    limit: 3000,
  });
  expect(parseObjective('out_tps > 1,200.5 tokens/s')).toMatchObject({
    stat: 'rate',
    limit: 1200.5,
  });
});

test('a mistake is told with what was expected, what was found and what to do', () => {
  expect(parseObjective('ttfo p50 3 s')).toMatchObject({
    error: expect.stringContaining('ttfo p50 3 s'),
  });
  expect(parseObjective('ttfoo p50 < 3 s')).toMatchObject({
    error: 'expected the id of a metric, got `ttfoo`',
    hint: 'The metrics are: ttfo, ttfo_sched.',
  });
  expect(parseObjective('ttfo < 3 s')).toMatchObject({
    error: 'ttfo: expected p50, p90, p95, p99, min, max, mean, got nothing',
  });
  expect(parseObjective('failed p50 = 0')).toMatchObject({
    error: 'failed: expected count, got `p50`',
  });
  expect(parseObjective('ttfo p50 < 3 tokens')).toMatchObject({
    error: 'ttfo: expected ms or s or min, got `tokens`',
  });
  expect(parseObjective('ttfo p50 < 3')).toMatchObject({ hint: 'A limit of ttfo is in ms.' });
  expect(parseObjective('ttfo p50 {spark} < 3 s')).toMatchObject({
    error: 'expected {name=value}, got `{spark}`',
  });
});

test('every metric can be an objective with its first stat', () => {
  for (const { id, stats, unit } of metrics) {
    const written = unit === 'ms' ? 'ms' : '';
    expect(parseObjective(`${id} ${stats[0]} < 1 ${written}`)).toMatchObject({ id, limit: 1 });
  }
});

test('whatever is written, it is read or explained', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parseObjective(text);
      expect('error' in parsed ? parsed.hint : parsed.id).not.toBe('');
    }),
  );
});

test('a value meets an objective as arithmetic says', () => {
  const objective = parseObjective('failed = 0');
  if ('error' in objective) throw new Error(objective.error);
  expect(isMet(objective, 0)).toBe(true);
  expect(isMet(objective, 1)).toBe(false);
  expect(isMet({ ...objective, comparison: '<', limit: 3 }, 3)).toBe(false);
  expect(isMet({ ...objective, comparison: '<=', limit: 3 }, 3)).toBe(true);
  expect(isMet({ ...objective, comparison: '>=', limit: 3 }, 3)).toBe(true);
  expect(isMet({ ...objective, comparison: '>', limit: 3 }, 3)).toBe(false);
});
