import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { LogEntry } from '../../src/log/entry.ts';
import * as kit from '../kit/log.ts';

/** A turn at `at` that the Spark served, or that failed over from it. */
const turn = (session: number, at: number, kind: 'local' | 'failed-over' | 'shut' | 'lost') => {
  const trace = kit.traceOf(session, 1);
  const over = { trace, session, scheduledAt: at, sentAt: at };
  const spark = kit.attempt({
    trace,
    startedAt: at + 1,
    firstTokenAt: at + 501,
    endedAt: at + 900,
  });
  const dead = {
    ...spark,
    endedAt: at + 3,
    outcome: 'failed' as const,
    reason: 'reset' as const,
    headersAt: at + 2,
    tokensReceived: 0,
    tokensForwarded: 0,
  };
  const cloud = kit.attempt({
    trace,
    backend: 'azure',
    attempt: kind === 'failed-over' ? 2 : 1,
    startedAt: at + 4,
    firstTokenAt: at + 300,
    endedAt: at + 900,
    costUsd: 0.002,
  });
  switch (kind) {
    case 'local':
      return [kit.exchange(over), spark];
    case 'failed-over':
      return [
        kit.exchange({ ...over, backend: 'azure', attempts: 2 }),
        dead,
        { ...cloud, cause: 'failover' as const },
        kit.faultAct({ trace, at: at + 2 }),
      ];
    case 'shut':
      return [
        kit.exchange({ ...over, backend: 'azure' }),
        { ...cloud, cause: 'spill' as const, passedOver: 'breaker' },
      ];
    case 'lost':
      return [kit.exchange({ ...over, outcome: 'failed', status: 503 }), dead];
  }
};

const circuit = (at: number, to: 'open' | 'closed'): LogEntry => ({
  kind: 'circuit',
  arm: 'main',
  backend: 'spark',
  at,
  to,
});

const probe = (startedAt: number, outcome: 'answered' | 'failed'): LogEntry => ({
  kind: 'probe',
  arm: 'main',
  backend: 'spark',
  startedAt,
  endedAt: startedAt + 1,
  outcome,
});

const entries: readonly LogEntry[] = [
  kit.faultArmed({ from: 10_000, until: 20_000 }),
  ...turn(1, 5_000, 'local'),
  ...turn(2, 10_500, 'failed-over'),
  circuit(10_503, 'open'),
  ...turn(3, 14_000, 'shut'),
  probe(15_503, 'failed'),
  probe(20_503, 'answered'),
  circuit(20_505, 'closed'),
  ...turn(4, 22_000, 'local'),
];

const analysed = (more: readonly LogEntry[] = []) =>
  analyse(kit.log([...entries, ...more], { systems: { main: { breaker: { openForMs: 5000 } } } }));

test('an outage is told from the fault to the next use of the backend', () => {
  expect(analysed().outages).toMatchObject([
    {
      backend: 'spark',
      from: 10_000,
      until: 20_000,
      overAt: 22_001,
      // The fault acted at 10,502, and one failure opened the circuit.
      timeToTripMs: 1,
      paidCount: 1,
      probeCount: 2,
      userProbeCount: 0,
      failbackMs: 2001,
      // The last probe before the end was at 15,503, and they come every 5 s.
      healPhaseRatio: (20_000 - 15_503) / 5000,
      flapCount: 0,
      returnTtftMs: 500,
      healthyTtftMs: 500,
      unavailabilityMs: 0,
      doublePrefillTokens: 100,
      cloudUsd: 0.004,
    },
  ]);
});

test('its figures are rows of the summary', () => {
  const { rows } = analysed();
  const value = (id: string) => rows.find((row) => row.id === id && row.where === 'all')?.value;
  expect([value('probes'), value('paid_detection'), value('flaps'), value('user_probes')]).toEqual([
    2, 1, 0, 0,
  ]);
  expect(value('outage_cost')).toBeCloseTo(0.004, 10);
});

test('a circuit that opens again after it closed has flapped', () => {
  const again = [circuit(21_000, 'open'), circuit(21_500, 'closed')];
  expect(analysed(again).outages).toMatchObject([{ flapCount: 1 }]);
});

test('a request that is sent while the circuit is open was a user sent as a probe', () => {
  expect(analysed(turn(5, 12_000, 'failed-over')).outages).toMatchObject([
    { userProbeCount: 1, paidCount: 2 },
  ]);
});

test('the area grows by the share of a second that did not end well', () => {
  // Of two requests of the same second one is lost: half a second.
  const more = [...turn(5, 14_200, 'lost')];
  expect(analysed(more).outages[0]?.unavailabilityMs).toBeCloseTo(500, 6);
});

test('without circuits in the log nothing is said of them', () => {
  const bare = entries.filter(({ kind }) => kind !== 'circuit' && kind !== 'probe');
  const [outage] = analyse(kit.log(bare)).outages;
  expect(outage).not.toHaveProperty('timeToTripMs');
  expect(outage).not.toHaveProperty('healPhaseRatio');
});

test('a run without a fault has no outage', () => {
  expect(analyse(kit.log(turn(1, 1000, 'local'))).outages).toEqual([]);
});
