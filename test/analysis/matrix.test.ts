import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { Analysis, SummaryRow } from '../../src/analysis/analysis.ts';
import { cellOf } from '../../src/analysis/matrix.ts';
import { type SuiteWish, suiteLog, type TrialShape } from '../kit/suite-log.ts';

const switched: TrialShape = { end: 'switch', detectMs: 2, trials: 60 };

const suite = (wish: Partial<SuiteWish> & { readonly shape?: Partial<TrialShape> } = {}) =>
  analyse(
    suiteLog({
      rows: [{ name: 'reset' }],
      arms: { main: { reset: { ...switched, ...wish.shape } } },
      ...wish,
    }),
  );

const rowOf = ({ matrix }: Analysis, name = 'reset', arm = 0) => {
  const row = matrix[arm]?.rows.find((it) => it.row.name === name);
  if (!row) throw new Error(`no row ${name}`);
  return row;
};

const figure = (analysis: Analysis, id: string, where: string, stat?: string): SummaryRow => {
  const row = analysis.rows.find(
    (it) => it.id === id && it.where === where && (stat === undefined || it.stat === stat),
  );
  if (!row) throw new Error(`no figure ${id} ${where}`);
  return row;
};

test('a row counts its trials, its outcomes, and those that ended as they should', () => {
  const row = rowOf(suite());
  expect(row).toMatchObject({
    standing: 'held',
    playedCount: 60,
    exercisedCount: 60,
    expectedCount: 60,
    outcomes: [{ outcome: 'transparent', count: 60, isExpected: true }],
  });
  // None of 60 went wrong: at least 1 − 3 / 60 go right.
  expect(cellOf(row, 'as_expected', 'ratio')?.interval?.[0]).toBeCloseTo(0.951, 3);
  expect(cellOf(row, 'attempts_max', 'max')?.value).toBe(2);
});

test('the parts add up, and the penalty is against the prompt sent straight to the fallback', () => {
  const row = rowOf(suite({ shape: { detectMs: 500 } }));
  const p50 = (id: 'detect' | 'decide' | 'refill' | 'failover' | 'failover_penalty') =>
    cellOf(row, id, 'p50')?.value ?? Number.NaN;
  // Detection takes 500 to 550 ms, the switch 0.3, and the fallback 90 to 110 until its first token.
  expect(p50('detect')).toBeGreaterThan(500);
  expect(p50('decide')).toBeCloseTo(0.3, 5);
  expect(p50('failover')).toBeGreaterThan(p50('detect') + 90);
  // The twin waits for 80 to 100 ms: what is left is the detour.
  expect(p50('failover_penalty')).toBeGreaterThan(490);
  expect(p50('failover_penalty')).toBeLessThan(590);
});

test('an act that could not see whose connection it met belongs to the trial it was armed for', () => {
  const { entries, ...log } = suiteLog({
    rows: [{ name: 'reset', what: 'reset' }],
    arms: { main: { reset: { ...switched, trials: 3 } } },
  });
  const blind = entries.map((entry) => {
    if (entry.kind !== 'act') return entry;
    const { trace: _, span: __, ...rest } = entry;
    return rest;
  });
  expect(rowOf(analyse({ ...log, entries: blind }))).toMatchObject({
    exercisedCount: 3,
    outcomes: [{ outcome: 'transparent', count: 3 }],
  });
});

test('a 95th percentile is withheld below its floor, with an upper bound from 59 trials on', () => {
  const p95 = (trials: number) =>
    figure(suite({ shape: { trials } }), 'failover', 'row=reset', 'p95');
  expect(p95(58)).toMatchObject({ withheld: { why: 'too-few', floor: 130 } });
  expect(p95(58).atMost).toBeUndefined();
  expect(p95(59).value).toBeUndefined();
  expect(p95(59).atMost).toBeGreaterThan(90);
  expect(p95(130).value).toBeGreaterThan(90);
  expect(p95(130).interval?.[1]).toBeGreaterThanOrEqual(p95(130).value ?? Infinity);
});

test('a fault that never acted makes its row not exercised, and the run invalid', () => {
  const analysis = suite({ shape: { end: 'never-acts', trials: 4 } });
  expect(rowOf(analysis)).toMatchObject({ standing: 'not-exercised', playedCount: 4 });
  expect(analysis.verdict).toMatchObject({
    kind: 'invalid',
    exitCode: 20,
    invalid: [{ kind: 'row-not-exercised', row: 'reset', playedCount: 4 }],
  });
});

test('a row that was never played is not exercised either', () => {
  const analysis = suite({ rows: [{ name: 'reset' }, { name: 'refuse' }] });
  expect(analysis.verdict.invalid).toEqual([
    { kind: 'row-not-exercised', arm: 'main', row: 'refuse', playedCount: 0 },
  ]);
});

test('what went wrong comes first, and what no reader was told of before that', () => {
  const names = ['held', 'wrong', 'harmed', 'idle'] as const;
  const shapes: Readonly<Record<string, TrialShape>> = {
    held: { ...switched, trials: 6 },
    wrong: { ...switched, end: 'error', trials: 6 },
    harmed: { ...switched, end: 'truncate', trials: 6, afterTokens: 20 },
    idle: { ...switched, end: 'never-acts', trials: 6 },
  };
  const { matrix, ...rest } = suite({
    rows: names.map((name) => ({ name })),
    arms: { main: shapes },
  });
  expect(matrix[0]?.rows.map(({ standing }) => standing)).toEqual([
    'not-exercised',
    'harmed',
    'wrong',
    'held',
  ]);
  expect(figure({ matrix, ...rest }, 'harmed', 'rows=all').value).toBeCloseTo(6 / 18, 10);
});

test('a silent fault is held against the deadline that had to find it', () => {
  const rows = [{ name: 'silent', what: 'silent', isSilent: true, deadlineMs: 200 }];
  const arms = { main: { silent: { ...switched, detectMs: 202 } } };
  const late = cellOf(rowOf(suite({ rows, arms }), 'silent'), 'overshoot', 'max');
  // The attempt began 2 ms before the fault acted, and detection takes 202 to 222.2 ms after it.
  expect(late?.value).toBeGreaterThan(4);
  expect(late?.value).toBeLessThan(24.3);
});

test('an arm without continuation errs where continuation is expected', () => {
  const rows = [{ name: 'reset', expect: 'continued' as const }];
  const shape = (end: TrialShape['end']) => ({ ...switched, end, afterTokens: 20 });
  const arms = { go: { reset: shape('switch') }, stop: { reset: shape('error') } };
  const analysis = suite({ rows, arms });
  expect(rowOf(analysis, 'reset', 0).standing).toBe('held');
  expect(rowOf(analysis, 'reset', 1)).toMatchObject({
    standing: 'wrong',
    outcomes: [{ outcome: 'error', count: 60, isExpected: false }],
  });
});

test('an arm that was told to end with a clean error is held to that, and wins nothing by it', () => {
  const expectIn = { stop: 'error' as const };
  const rows = [{ name: 'reset', expect: 'continued' as const, expectIn }];
  const shape = (end: TrialShape['end']) => ({ ...switched, end, afterTokens: 20 });
  const arms = { go: { reset: shape('truncate') }, stop: { reset: shape('error') } };
  const analysis = suite({ rows, arms });
  expect(rowOf(analysis, 'reset', 0)).toMatchObject({ standing: 'harmed' });
  expect(rowOf(analysis, 'reset', 1)).toMatchObject({
    standing: 'held',
    row: { expect: 'error' },
    outcomes: [{ outcome: 'error', count: 60, isExpected: true }],
  });
  expect(analysis.lost).toEqual([]);
});

test('false failovers are those of the control arm, with the bound that their number allows', () => {
  const none = figure(suite({ controls: 300 }), 'false_failover', 'role=control');
  expect(none).toMatchObject({ value: 0, n: 300 });
  expect(none.interval?.[1]).toBeCloseTo(0.01, 3);
  const some = suite({ controls: 300, falseFailovers: 3 });
  expect(figure(some, 'false_failover', 'role=control').value).toBeCloseTo(0.01, 10);
});

test('fail-back is counted from the end of the fault, also in probe periods', () => {
  const row = rowOf(suite());
  const settle = cellOf(row, 'settle', 'p50')?.value ?? Number.NaN;
  expect(settle).toBeGreaterThan(500);
  // The circuit is probed every 500 ms.
  expect(cellOf(row, 'settle_periods', 'p50')?.value).toBeCloseTo(settle / 500, 10);
  expect(cellOf(row, 'settle_never', 'count')).toMatchObject({ value: 0, n: 60 });
});

test('of a foreign proxy is told what our shims and backends saw, and the rest is unknown', () => {
  const analysis = suite({
    isForeign: true,
    controls: 20,
    falseFailovers: 1,
    manifest: { target: 'http://127.0.0.1:4100/v1' },
  });
  const row = rowOf(analysis);
  expect(row).toMatchObject({ standing: 'held', outcomes: [{ outcome: 'transparent' }] });
  expect(cellOf(row, 'detect', 'p50')?.withheld).toEqual({ why: 'unknown-outside' });
  expect(cellOf(row, 'decide', 'p50')?.withheld).toEqual({ why: 'unknown-outside' });
  // The fallback saw the request come, and the reader its first token.
  expect(cellOf(row, 'failover', 'p50')?.value).toBeGreaterThan(90);
  expect(cellOf(row, 'amplification', 'ratio')?.value).toBe(2);
  expect(figure(analysis, 'false_failover', 'role=control')).toMatchObject({ value: 0.05, n: 20 });
});

test('where a foreign proxy took nothing over, no failover is unknown', () => {
  const calm = suite({ isForeign: true, shape: { end: 'wait' } });
  const row = rowOf(calm);
  expect(row.outcomes).toMatchObject([{ outcome: 'unaffected' }]);
  expect(cellOf(row, 'failover', 'p50')?.withheld?.why).not.toBe('unknown-outside');
});

test('an ordinary run has no matrix', () => {
  const log = suiteLog({ rows: [], arms: { main: {} } });
  const { suite: _, ...manifest } = log.manifest;
  expect(analyse({ ...log, manifest }).matrix).toEqual([]);
});
