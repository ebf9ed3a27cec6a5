/** What is predicted is what the driver then does, when turns take as long as was assumed. */

import { describe, expect, test } from 'vitest';

import { driveLoad } from '../../src/load/driver.ts';
import { phaseOf, startsUntil } from '../../src/load/phase.ts';
import { planStarts } from '../../src/load/plan.ts';
import { predictWorkload } from '../../src/load/predict.ts';
import type { LoadSpec } from '../../src/load/schema.ts';
import { seeded } from '../../src/random/random.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';
import type { SessionPlan, TurnPlan, Workload } from '../../src/workload/session.ts';

const phases = { warmupMs: 5000, steadyMs: 60_000, cooldownMs: 10_000 };
const turnMs = 1500;

const turn = (more: Partial<TurnPlan> = {}): TurnPlan => ({
  prompt: '[s1 t1]',
  promptTokens: 100,
  thinkMs: 0,
  wantedTokens: 50,
  maxOutputTokens: 200,
  ...more,
});

/** Sessions of one to three turns, by their number. */
const workload: Workload = {
  name: 'it',
  session: (number): SessionPlan => ({
    workload: 'it',
    number,
    turns: Array.from({ length: 1 + (number % 3) }, (_, at) =>
      turn({ thinkMs: at === 0 ? 0 : 700 + 10 * number, toolRounds: number % 2 }),
    ),
  }),
};

/** Plays the load in virtual time and counts what falls into `steady`. */
const play = async (load: LoadSpec) => {
  const clock = new VirtualClock();
  const horizonMs = startsUntil(phases);
  const stop = new AbortController();
  clock.at(horizonMs + phases.cooldownMs, () => stop.abort());
  let sessions = 0;
  let exchanges = 0;
  const done = driveLoad({
    load,
    starts: planStarts(load, { random: seeded(11), horizonMs }),
    untilAt: horizonMs,
    clock,
    signal: stop.signal,
    play: async (number, scheduledAt, signal) => {
      if (phaseOf(scheduledAt, phases) === 'steady') sessions++;
      for (const { thinkMs, toolRounds = 0 } of workload.session(number).turns) {
        await clock.sleep(thinkMs, signal);
        for (let round = 0; round <= toolRounds; round++) {
          if (phaseOf(clock.now(), phases) === 'steady') exchanges++;
          await clock.sleep(turnMs, signal);
        }
      }
    },
    drop: () => undefined,
  });
  await clock.runUntil(done, 10_000_000);
  return { sessions, exchanges };
};

const predict = (load: LoadSpec) =>
  predictWorkload(workload, load, phases, { random: seeded(11), turnMs });

describe('a prediction', () => {
  test.each<LoadSpec>([
    { kind: 'open', sessionsPerSecond: 2, arrivals: { kind: 'gamma', cv: 1.2 } },
    { kind: 'closed', concurrentSessions: 5 },
    { kind: 'scripted', sessions: 20, every: '3 s' },
  ])('comes true: $kind', async (load) => {
    const { sessions, exchanges } = predict(load);
    expect(sessions).toBeGreaterThan(10);
    expect({ sessions, exchanges }).toEqual(await play(load));
  });

  test('counts on one tool result a turn, and pays for all that may come', () => {
    const agent: Workload = {
      name: 'it',
      session: (number) => ({ workload: 'it', number, turns: [turn({ toolRounds: 3 })] }),
    };
    const load: LoadSpec = { kind: 'scripted', sessions: 1, every: '1 s' };
    const steadyOnly = { ...phases, warmupMs: 0 };
    const prediction = predictWorkload(agent, load, steadyOnly, { random: seeded(1), turnMs });
    expect(prediction).toMatchObject({ exchanges: 2, outputTokensMax: 4 * 200 });
  });

  test('bounds the tokens of the whole run, history included', () => {
    const twoTurns: Workload = {
      name: 'it',
      session: (number) => ({ workload: 'it', number, turns: [turn(), turn()] }),
    };
    const load: LoadSpec = { kind: 'scripted', sessions: 3, every: '1 s' };
    const { sessions, inputTokens, outputTokensMax } = predictWorkload(twoTurns, load, phases, {
      random: seeded(1),
      turnMs,
    });
    expect(sessions).toBe(0); // all of them begin in the warmup, and still cost
    expect(outputTokensMax).toBe(3 * 2 * 200);
    expect(inputTokens).toBe(3 * (100 + (100 + 200 + 100)));
  });
});
