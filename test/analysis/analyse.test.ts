import fc from 'fast-check';
import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { Attempt, ExchangeOutcome, LogEntry } from '../../src/log/entry.ts';
import { floorOf } from '../../src/metric/floor.ts';
import { metricById } from '../../src/metric/table.ts';
import {
  attempt,
  chunkCode,
  exchange,
  faultAct,
  faultArmed,
  generation,
  log,
  sample,
  traceOf,
} from '../kit/log.ts';

const outcomes: readonly ExchangeOutcome[] = [
  'completed',
  'incomplete',
  'failed',
  'truncated',
  'hung',
  'cancelled',
  'dropped',
];

/** What came of one turn: how it ended, who tried, when it started, how fast it was. */
const turn = fc.record({
  outcome: fc.constantFrom(...outcomes),
  path: fc.constantFrom('local', 'spilled', 'failed-over', 'faulted', 'nobody'),
  scheduledAt: fc.integer({ min: 0, max: 75_000 }),
  firstMs: fc.integer({ min: 1, max: 9000 }),
  gapsMs: fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 12 }),
  isLocalOnly: fc.boolean(),
});

type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never;

const entriesOf = ({ path, gapsMs, firstMs, ...rest }: Turn, place: number): LogEntry[] => {
  const session = 1 + Math.floor(place / 3);
  const trace = traceOf(session, 1 + (place % 3));
  const firstTokenAt = rest.scheduledAt + firstMs;
  let at = firstTokenAt;
  const instants = [firstTokenAt, ...gapsMs.map((gap) => (at += gap))];
  const backend = path === 'local' ? 'spark' : 'azure';
  const own: LogEntry = exchange({
    ...rest,
    session,
    turn: 1 + (place % 3),
    trace,
    firstTokenAt,
    firstTextAt: firstTokenAt,
    lastTokenAt: at,
    lastTextAt: at,
    endedAt: at + 1,
    chunks: chunkCode(instants),
    usage: { inputTokens: 50, outputTokens: instants.length },
    backend,
  });
  const tried = (over: Partial<Attempt>): LogEntry =>
    attempt({ trace, startedAt: rest.scheduledAt + 2, endedAt: at, ...over });
  const failed = tried({ outcome: 'failed', reason: 'reset', endedAt: rest.scheduledAt + 3 });
  const second = tried({ attempt: 2, backend: 'azure', cause: 'failover', costUsd: 0.001 });
  switch (path) {
    case 'nobody':
      return [own];
    case 'local':
      return [own, tried({}), generation({ trace, history: `s${session} t1-${1 + (place % 3)}` })];
    case 'spilled':
      return [own, tried({ backend: 'azure', cause: 'spill', passedOver: 'queue' })];
    case 'failed-over':
      return [own, failed, second];
    case 'faulted':
      return [own, failed, second, faultAct({ trace, at: rest.scheduledAt + 2.5 })];
  }
};

const entries = fc
  .array(turn, { maxLength: 60 })
  .map((turns) => [...turns.flatMap(entriesOf), faultArmed(), sample()]);

const manifestOf = { limits: { ttfo: 3000 }, objectives: ['ttfo p50 < 3 s', 'failed = 0'] };

test('every exchange of the steady phase ends in exactly one outcome', () => {
  fc.assert(
    fc.property(entries, (all) => {
      const { rows, exchanges } = analyse(log(all, manifestOf));
      const countOf = (id: string): number =>
        rows.find((row) => row.id === id && row.where === 'all' && row.stat === 'count')?.value ??
        0;
      const steady = exchanges.filter(({ phase }) => phase === 'steady');
      const ends = ['completed', 'incomplete', 'failed', 'cancelled', 'dropped'];
      expect(ends.reduce((sum, id) => sum + countOf(id), 0)).toBe(steady.length);
      expect(countOf('started')).toBe(steady.length);
      expect(exchanges.length).toBe(all.filter(({ kind }) => kind === 'exchange').length);
    }),
  );
});

test('the shares and the failures make up everything that was sent', () => {
  fc.assert(
    fc.property(entries, (all) => {
      const { rows, exchanges } = analyse(log(all, manifestOf));
      const sent = exchanges.filter(
        ({ phase, exchange: { outcome } }) =>
          phase === 'steady' && outcome !== 'cancelled' && outcome !== 'dropped',
      );
      const failed = sent.filter(({ servedAs }) => servedAs === 'failed').length;
      const unknown = sent.filter(({ servedAs }) => servedAs === 'unknown').length;
      const shares = rows.filter(({ id, where }) => id.startsWith('share_') && where === 'all');
      const served = shares.reduce((sum, { value }) => sum + (value ?? 0) * sent.length, 0);
      expect(served + failed + unknown).toBeCloseTo(sent.length);
    }),
  );
});

test('the order of the lines does not matter', () => {
  fc.assert(
    fc.property(entries, fc.infiniteStream(fc.nat()), (all, keys) => {
      const whole = log(all, manifestOf);
      const shuffled = whole.entries
        .map((entry) => ({ entry, key: keys.next().value ?? 0 }))
        .sort((one, other) => one.key - other.key)
        .map(({ entry }) => entry);
      expect(analyse({ ...whole, entries: shuffled })).toEqual(analyse(whole));
    }),
    { numRuns: 50 },
  );
});

test('every row has a value or a reason, a unit, and enough samples for what it says', () => {
  fc.assert(
    fc.property(entries, (all) => {
      const { rows } = analyse(log(all, manifestOf));
      for (const { id, stat, value, withheld, n, unit, interval } of rows) {
        const metric = metricById(id);
        expect(metric?.unit).toBe(unit);
        expect(metric?.stats).toContain(stat);
        expect((value === undefined) !== (withheld === undefined)).toBe(true);
        expect(value === undefined || Number.isFinite(value)).toBe(true);
        expect(value === undefined || n >= floorOf(metric?.floors ?? {}, stat)).toBe(true);
        expect(interval === undefined || interval[0] <= interval[1]).toBe(true);
      }
      const keys = rows.map(({ id, stat, arm, where }) => `${id} ${stat} ${arm} ${where}`);
      expect(new Set(keys).size).toBe(keys.length);
    }),
  );
});

test('what is told of a log can be written as JSON and comes back the same', () => {
  fc.assert(
    fc.property(entries, (all) => {
      const analysis = analyse(log(all, manifestOf));
      expect(JSON.parse(JSON.stringify(analysis))).toEqual(analysis);
    }),
    { numRuns: 20 },
  );
});

test('a log with nothing in it is told without a figure', () => {
  const analysis = analyse(log([], { ...manifestOf, arms: ['main', 'other'] }));
  expect(analysis.rows.filter(({ value }) => value !== undefined && value !== 0)).toEqual([]);
  expect(analysis.verdict).toMatchObject({ kind: 'undecided', exitCode: 20 });
  expect(analysis.timelines).toHaveLength(2);
});

test('a log that was cut says so, and its run is partial', () => {
  const whole = log([exchange(), attempt()]);
  const cut = {
    ...whole,
    entries: whole.entries.filter(({ kind }) => kind !== 'end'),
    isWhole: false,
    cutLines: 1,
  };
  const { verdict, advisories, isWhole } = analyse(cut);
  expect(isWhole).toBe(false);
  expect(verdict).toMatchObject({ kind: 'partial', exitCode: 20 });
  expect(advisories).toContainEqual({
    kind: 'log-cut',
    lines: 1 + cut.entries.length,
    unreadable: 1,
    hasEnd: false,
  });
});
