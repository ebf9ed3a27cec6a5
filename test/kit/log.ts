/**
 * Makers of run logs: each entry with the least that a test must say.
 *
 * Instants are milliseconds. The arm is `main`, the backends are `spark` (local) and `azure`
 * (cloud), and the phases are as `phases` says.
 */

import { type Channel, encodeChunks } from '../../src/log/chunk-code.ts';
import type {
  Attempt,
  Exchange,
  FaultAct,
  FaultArmed,
  Generation,
  LogEntry,
  Manifest,
  PhaseBegun,
  RunEnd,
  Sample,
} from '../../src/log/entry.ts';
import type { RunLog } from '../../src/log/reader.ts';
import { traceId } from '../../src/protocol/trace.ts';

/** A manifest of a simulated hybrid with one arm. */
export const manifest = (over: Partial<Manifest> = {}): Manifest => ({
  kind: 'manifest',
  format: 1,
  spillway: '0.1.0',
  runId: '5b11aa',
  name: 'test',
  question: 'Does it hold?',
  startedAt: '2026-11-01T00:00:00.000Z',
  seed: 7,
  command: 'spillway run scenarios/test.yaml --seed 7',
  arms: ['main'],
  description: 'Two sessions against a simulated Spark',
  scenario: {},
  systems: {},
  backends: [
    {
      name: 'spark',
      residency: 'local',
      isSimulated: true,
      isPriced: false,
      wire: 'ollama',
      profile: 'gpt-oss-120b@ollama',
      profileBasis: 'measured',
    },
    { name: 'azure', residency: 'cloud', isSimulated: true, isPriced: false, wire: 'azure-openai' },
  ],
  placement: 'edge',
  phases: { warmupMs: 0, steadyMs: 60_000, cooldownMs: 10_000 },
  thinkScale: 1,
  limits: {},
  objectives: [],
  counterfactuals: [],
  prices: [],
  economics: {},
  definitions: [],
  machine: { cpu: 'test', cores: 2, memoryGb: 4, platform: 'linux', node: '24.21.0' },
  clockResolutionMs: 0.001,
  plan: [],
  ...over,
});

/** The trace id of a turn of the first workload of the first arm. */
export const traceOf = (session: number, turn: number): string =>
  traceId({ arm: 0, workload: 0, session, turn }, 'abc');

/** A turn that ran well: 20 chunks of text 50 ms apart from 500 ms on, from the Spark. */
export const exchange = (over: Partial<Exchange> = {}): Exchange => {
  const session = over.session ?? 1;
  const turn = over.turn ?? 1;
  const scheduledAt = over.scheduledAt ?? 1000;
  const firstTokenAt = scheduledAt + 500;
  const chunks = Array.from({ length: 20 }, (_, at) => firstTokenAt + at * 50);
  const lastTokenAt = chunks.at(-1) ?? firstTokenAt;
  return {
    kind: 'exchange',
    arm: 'main',
    trace: traceOf(session, turn),
    workload: 'chat',
    isLocalOnly: false,
    session,
    turn,
    model: 'gpt-oss-120b',
    scheduledAt,
    sentAt: scheduledAt + 1,
    headersAt: scheduledAt + 10,
    firstEventAt: scheduledAt + 10,
    firstTokenAt,
    firstTextAt: firstTokenAt,
    lastTokenAt,
    lastTextAt: lastTokenAt,
    endedAt: lastTokenAt + 5,
    outcome: 'completed',
    status: 200,
    backend: 'spark',
    attempts: 1,
    usage: { inputTokens: 100, outputTokens: 20 },
    promptTokens: 100,
    chunks: chunkCode(chunks),
    textChars: 60,
    ...over,
  };
};

/** Chunk timings as the log holds them. */
export const chunkCode = (instants: readonly number[], channel: Channel = 'text'): string =>
  encodeChunks(instants.map((at) => ({ at, channel })));

/** The attempt that served `exchange()`. */
export const attempt = (over: Partial<Attempt> = {}): Attempt => ({
  kind: 'attempt',
  arm: 'main',
  trace: traceOf(1, 1),
  attempt: 1,
  cause: 'first',
  backend: 'spark',
  model: 'gpt-oss:120b',
  residency: over.backend === 'azure' ? 'cloud' : 'local',
  startedAt: 1005,
  firstTokenAt: 1499,
  endedAt: 2454,
  outcome: 'served',
  tokensReceived: 20,
  tokensForwarded: 20,
  usage: { inputTokens: 100, outputTokens: 20 },
  ...over,
});

export const generation = (over: Partial<Generation> = {}): Generation => ({
  kind: 'generation',
  arm: 'main',
  backend: 'spark',
  residency: over.backend === 'azure' ? 'cloud' : 'local',
  trace: traceOf(1, 1),
  model: 'gpt-oss:120b',
  receivedAt: 1006,
  startedAt: 1006,
  firstTokenAt: 1498,
  endedAt: 2450,
  outcome: 'completed',
  promptTokens: 100,
  cachedTokens: 0,
  outputTokens: 20,
  ...over,
});

export const faultArmed = (over: Partial<FaultArmed> = {}): FaultArmed => ({
  kind: 'fault',
  arm: 'main',
  fault: 0,
  what: 'reset',
  backend: 'spark',
  from: 0,
  until: 60_000,
  ...over,
});

export const faultAct = (over: Partial<FaultAct> = {}): FaultAct => ({
  kind: 'act',
  arm: 'main',
  fault: 0,
  what: 'reset',
  backend: 'spark',
  at: 2000,
  trace: traceOf(1, 1),
  ...over,
});

export const sample = (over: Partial<Sample> = {}): Sample => ({
  kind: 'sample',
  arm: 'main',
  at: 1000,
  where: 'load',
  utilisationRatio: 0.05,
  ...over,
});

/** The phases of an arm, which begins at `origin`. */
export const phases = (
  over: { arm?: string; origin?: number; warmupMs?: number; steadyMs?: number } = {},
): PhaseBegun[] => {
  const { arm = 'main', origin = 0, warmupMs = 0, steadyMs = 60_000 } = over;
  const steadyAt = origin + warmupMs;
  return [
    { kind: 'phase', arm, name: 'warmup', at: origin },
    { kind: 'phase', arm, name: 'steady', at: steadyAt },
    { kind: 'phase', arm, name: 'cooldown', at: steadyAt + steadyMs },
    { kind: 'phase', arm, name: 'done', at: steadyAt + steadyMs + 10_000 },
  ];
};

export const end = (over: Partial<RunEnd> = {}): RunEnd => ({
  kind: 'end',
  at: 70_000,
  why: 'finished',
  ...over,
});

/** A whole log of one arm: its phases, the entries, its end. */
export const log = (entries: readonly LogEntry[], over: Partial<Manifest> = {}): RunLog => ({
  manifest: manifest(over),
  entries: [...phases(), ...entries, end()],
  isWhole: true,
  cutLines: 0,
});
