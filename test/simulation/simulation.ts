/**
 * A whole arm of a scenario in virtual time: load, proxy, faults and engines as they are, the
 * network left out. Seed in, log entries out.
 */

import { playSession } from '../../src/client/session-player.ts';
import { driveLoad } from '../../src/load/driver.ts';
import { startsUntil } from '../../src/load/phase.ts';
import { planStarts } from '../../src/load/plan.ts';
import type { LogEntry } from '../../src/log/entry.ts';
import { exchangeEntry } from '../../src/measurement/exchange-entry.ts';
import { traceId } from '../../src/protocol/trace.ts';
import { seededIds } from '../../src/random/id.ts';
import type { Arm, LoadedWorkload, Scenario } from '../../src/scenario/scenario.ts';
import type { ResidencyRule } from '../../src/system/system.ts';
import { faultyReaders } from '../../src/target/fault/faulty-reader.ts';
import { armedEntries } from '../../src/target/fault/plan.ts';
import { loadTokenizer, type Tokenizer } from '../../src/token/tokenizer.ts';
import type { Workload } from '../../src/workload/session.ts';
import { openWorkload } from '../../src/workload/workload.ts';
import { ask, plainManner } from './reader.ts';
import { openWorld, type World } from './world.ts';

/** Longer than any scenario of the project, in virtual milliseconds. */
const horizonMs = 3_600_000;

/** Plays one arm to its end; entries come in the order in which they were made. */
export const simulateArm = async (scenario: Scenario, arm: Arm): Promise<readonly LogEntry[]> => {
  // Reading the vocabulary takes real time, so it is done before time stands still.
  const tokenizer = await loadTokenizer();
  const { system, faults, name } = arm;
  const world = openWorld({ system, faults, seed: String(scenario.seed), arm: name });
  const { clock, proxy, emit, entries } = world;
  const endsAt = startsUntil(scenario.phases) + scenario.phases.cooldownMs;
  for (const fault of armedEntries(faults, { name, origin: 0, endsAt })) emit(fault);
  emit({ kind: 'phase', name: 'steady', at: 0 });
  // Documents are read before time stands still.
  const players = await openPlayers(scenario, arm, world, tokenizer);
  await clock.runUntil(play(scenario, faults, players, world, tokenizer), horizonMs);
  emit({ kind: 'phase', name: 'done', at: clock.now() });
  proxy.close();
  return entries;
};

/** One workload of an arm, opened, and who asks. */
interface Player {
  readonly spec: LoadedWorkload;
  readonly index: number;
  readonly workload: Workload;
  readonly name: string;
  readonly residency: ResidencyRule;
}

const openPlayers = (
  { thinkScale, directory }: Scenario,
  arm: Arm,
  { random }: World,
  tokenizer: Tokenizer,
): Promise<readonly Player[]> =>
  Promise.all(
    arm.workloads.map(async (spec, index) => {
      const key = arm.system.keys.find(({ name }) => name === spec.key);
      const parts = { random, tokenizer, thinkScale, directory, index };
      return {
        spec,
        index,
        workload: await openWorkload(spec, parts),
        name: key?.name ?? 'anonymous',
        residency: spec.residency ?? key?.residency ?? 'local-first',
      };
    }),
  );

const play = async (
  scenario: Scenario,
  faults: Arm['faults'],
  players: readonly Player[],
  { clock, random, proxy, emit }: World,
  tokenizer: Tokenizer,
): Promise<void> => {
  const readers = faultyReaders({ faults, clock, random: random.fork('readers'), emit });
  readers.arm(0);
  const salts = seededIds(random.fork('traces'));
  const { signal } = new AbortController();
  await Promise.all(
    players.map(async ({ spec, index, workload, name, residency }) => {
      const untilAt = startsUntil(scenario.phases);
      const starts = planStarts(spec.load, {
        random: random.fork(`starts ${spec.name}`),
        horizonMs: untilAt,
      });
      await driveLoad({
        load: spec.load,
        starts,
        untilAt,
        clock,
        signal,
        drop: () => undefined,
        play: (number, startsAt, stop) =>
          playSession(workload.session(number), {
            clock,
            model: spec.model,
            startsAt,
            countTokens: (text) => tokenizer.count(text),
            signal: stop,
            ask: async (question) => {
              const { session, turn } = question;
              const trace = traceId({ arm: 0, workload: index, session, turn }, salts());
              const told = {
                question,
                caller: { name, residency, requestId: 'r', trace },
                manner: plainManner,
                onTokens: readers.reader(trace),
              };
              return (await ask(told, proxy, clock)).record;
            },
            onExchange: (played) =>
              emit(exchangeEntry(played, { isLocalOnly: residency === 'local-only' })),
          }),
      });
    }),
  );
};
