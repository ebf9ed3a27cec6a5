/** How a backend may behave, on the engine and not by canned errors, and what the proxy does. */

import { expect, test } from 'vitest';

import type { Attempt, Exchange, LogEntry } from '../../src/log/entry.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { planFaults } from '../../src/target/fault/plan.ts';
import type { FaultSpec } from '../../src/target/fault/schema.ts';
import { simulateArm } from './simulation.ts';

const load = (name: string): Scenario =>
  loadScenario(`scenarios/${name}.yaml`, { environment: {}, isLocalOnly: false });

interface Played {
  readonly entries: readonly LogEntry[];
  readonly attempts: readonly Attempt[];
  readonly exchanges: readonly Exchange[];
}

/** Plays the first arm of a scenario, or one of a name, with other faults if any are given. */
const play = async (
  name: string,
  { arm: armName, faults }: { arm?: string; faults?: readonly FaultSpec[] } = {},
): Promise<Played> => {
  const scenario = load(name);
  const arm = scenario.arms.find((it) => armName === undefined || it.name === armName);
  if (!arm) throw new Error(`${name} has no arm ${armName}`);
  const planned = faults ? { ...arm, faults: planFaults(faults, String(scenario.seed)) } : arm;
  const entries = await simulateArm(scenario, planned);
  return {
    entries,
    attempts: entries.filter((it) => it.kind === 'attempt'),
    exchanges: entries.filter((it) => it.kind === 'exchange'),
  };
};

const ttftOf = ({ startedAt, firstTokenAt = Infinity }: Attempt): number =>
  firstTokenAt - startedAt;

const onSpark = ({ attempts }: Played): readonly Attempt[] =>
  attempts.filter(({ backend }) => backend === 'spark');

const attemptsPerRequest = ({ attempts, exchanges }: Played): number =>
  attempts.length / exchanges.length;

test('a cold model spills, and nobody waits for its load', async () => {
  const played = await play('cold-start', { arm: 'spill' });
  expect(Math.max(...played.attempts.map(ttftOf))).toBeLessThan(8000);
  const cold = played.attempts.filter(({ passedOver }) => passedOver === 'cold');
  expect(cold.length).toBeGreaterThan(5);
  // It was warmed up meanwhile, and is used again after each eviction.
  for (const [from, until] of [
    [60_000, 90_000],
    [130_000, 200_000],
  ] as const)
    expect(
      onSpark(played).filter(({ startedAt }) => startedAt > from && startedAt < until),
    ).not.toEqual([]);
});

test('where readers wait for a cold model, the load is theirs', async () => {
  const played = await play('cold-start', { arm: 'wait' });
  const longest = Math.max(...onSpark(played).map(ttftOf));
  // Its 28 s, and 30 s more while the disk is slow.
  expect(longest).toBeGreaterThan(50_000);
});

test('a hot box is slow and left alone', async () => {
  const played = await play('spark-hot');
  expect(played.attempts.map(({ backend, outcome }) => [backend, outcome])).toEqual(
    played.exchanges.map(() => ['spark', 'served']),
  );
  const tpotOf = ({ firstTokenAt = 0, endedAt, tokensReceived }: Attempt): number =>
    (endedAt - firstTokenAt) / tokensReceived;
  const within = (from: number, until: number): readonly number[] =>
    onSpark(played)
      .filter(({ startedAt, endedAt }) => startedAt >= from && endedAt < until)
      .map(tpotOf);
  const [well, hot] = [within(0, 40_000), within(40_000, 100_000)];
  expect(Math.min(...hot) / Math.max(...well)).toBeGreaterThan(2);
});

test('a wedged box fails few, and is not asked by readers while it hangs', async () => {
  const played = await play('spark-wedged');
  const during = onSpark(played).filter(
    ({ startedAt }) => startedAt > 41_000 && startedAt < 109_000,
  );
  expect(during.length).toBeLessThanOrEqual(3);
  expect(played.exchanges.map(({ outcome }) => outcome)).toEqual(
    played.exchanges.map(() => 'completed'),
  );
});

test('a box that restarts dies in the middle, and is used again once its model is loaded', async () => {
  const played = await play('spark-restarts');
  expect(played.entries.some((it) => it.kind === 'act' && it.what === 'restart')).toBe(true);
  const after = onSpark(played).filter(({ startedAt }) => startedAt > 46_500);
  expect(after.every(({ outcome }) => outcome === 'served')).toBe(true);
  expect(after.length).toBeGreaterThan(0);
  expect(Math.max(...after.map(ttftOf))).toBeLessThan(8000);
});

const base = 'spark-restarts';
const isDown: FaultSpec = { backend: 'spark', kind: 'refuse', at: 0 };

test('text in blocks from the fallback is no stall', async () => {
  const faults = [isDown, { backend: 'azure', kind: 'burst', hold: '2 s', at: 0 } as const];
  const played = await play(base, { faults });
  expect(played.exchanges.every(({ outcome }) => outcome === 'completed')).toBe(true);
  const azure = played.attempts.filter(({ backend }) => backend === 'azure');
  expect(azure.every(({ outcome }) => outcome === 'served')).toBe(true);
});

test.each<[string, FaultSpec]>([
  ['is down as well', { backend: 'azure', kind: 'refuse', at: 0 }],
  ['limits its rate', { backend: 'azure', kind: 'reject', preset: 'azure-429', at: 0 }],
])('a fallback that %s gives an error at once, and no storm', async (_, fault) => {
  const played = await play(base, { faults: [isDown, fault] });
  expect(played.exchanges.every(({ outcome }) => outcome !== 'completed')).toBe(true);
  for (const { sentAt = 0, endedAt = Infinity } of played.exchanges)
    expect(endedAt - sentAt).toBeLessThan(1000);
  expect(attemptsPerRequest(played)).toBeLessThanOrEqual(2);
});

test.each<[string, FaultSpec]>([
  [
    'fails one request in five',
    { backend: 'spark', kind: 'reject', status: 500, probability: 0.2, at: 0 },
  ],
  ['flaps', { backend: 'spark', kind: 'refuse', at: 0, for: '2 s', every: '4 s' }],
  ['is half dead', { backend: 'spark', kind: 'delay', delay: '5 s', jitter: '4 s', at: 0 }],
])('a box that %s loses nobody an answer', async (_, fault) => {
  const played = await play(base, { faults: [fault] });
  expect(played.exchanges.map(({ outcome }) => outcome)).toEqual(
    played.exchanges.map(() => 'completed'),
  );
  expect(attemptsPerRequest(played)).toBeLessThanOrEqual(2);
});
