/**
 * The load of one arm: sessions planned before the run, begun on an absolute schedule, played turn
 * by turn against the proxy.
 */

import { type ResponsesClient, responsesClient } from '../client/responses-client.ts';
import { playSession } from '../client/session-player.ts';
import { performTurn } from '../client/turn.ts';
import { driveLoad } from '../load/driver.ts';
import { type PhaseName, type Phases, startsUntil } from '../load/phase.ts';
import { planStarts } from '../load/plan.ts';
import type { LoadSpec } from '../load/schema.ts';
import { exchangeEntry } from '../measurement/exchange-entry.ts';
import { traceId } from '../protocol/trace.ts';
import { type IdSource, seededIds } from '../random/id.ts';
import type { Random } from '../random/random.ts';
import type { LoadedWorkload } from '../scenario/scenario.ts';
import type { KeySystem } from '../system/system.ts';
import { loadTokenizer, type Tokenizer } from '../token/tokenizer.ts';
import type { SessionPlan, Workload } from '../workload/session.ts';
import { openWorkload } from '../workload/workload.ts';
import type { PlannedFault } from '../target/fault/fault.ts';
import { type FaultyReaders, faultyReaders } from '../target/fault/faulty-reader.ts';
import { type LoadStageInfo, openedLoad } from './opened-load.ts';
import type { Stage, StageContext } from './stage.ts';

export interface LoadStageInput {
  /** Base URL of the proxy, up to and with `/v1`. */
  readonly url: string;
  readonly armIndex: number;
  readonly workloads: readonly LoadedWorkload[];
  readonly keys: readonly KeySystem[];
  readonly phases: Phases;
  readonly thinkScale: number;
  /** Folder that document paths are relative to. */
  readonly directory: string;
  readonly isLocalOnly: boolean;
  /** Of these, those that readers do. */
  readonly faults?: readonly PlannedFault[];
}

/** When the sessions of a workload begin: the same for every arm, and wherever it is planned. */
export const plannedStarts = (
  workload: { readonly name: string; readonly load: LoadSpec },
  phases: Phases,
  random: Random,
): readonly number[] =>
  planStarts(workload.load, {
    random: random.fork(`starts ${workload.name}`),
    horizonMs: startsUntil(phases),
  });

/** A turn that takes longer than this is given up as hung. */
const turnMsMax = 15 * 60_000;

/** Sessions written out before the run begins, so that writing does not delay sending. */
const readyMax = 500;

/** One workload, ready to be played. */
interface Player {
  readonly spec: LoadedWorkload;
  readonly index: number;
  readonly workload: Workload;
  readonly starts: readonly number[];
  readonly ready: readonly SessionPlan[];
  readonly key?: KeySystem;
  readonly isLocalOnly: boolean;
}

/** What every turn of the arm shares. */
interface Ground {
  readonly input: LoadStageInput;
  readonly context: StageContext;
  readonly client: ResponsesClient;
  readonly tokenizer: Tokenizer;
  readonly salts: IdSource;
  readonly signal: AbortSignal;
  readonly readers: FaultyReaders;
}

export const openLoad: Stage<LoadStageInput, LoadStageInfo> = async (input, context) => {
  await using opening = new AsyncDisposableStack();
  const tokenizer = await loadTokenizer();
  const players = await Promise.all(
    input.workloads.map((spec, index) => openPlayer(spec, index, input, context, tokenizer)),
  );
  const client = responsesClient(input.url);
  opening.defer(() => client.close());
  await warmUp(client, context);
  const stopping = new AbortController();
  const salts = seededIds(context.random.fork('traces'));
  const readers = faultyReaders({
    faults: input.faults ?? [],
    clock: context.clock,
    random: context.random.fork('readers'),
    emit: context.emit,
  });
  const ground = { input, context, client, tokenizer, salts, signal: stopping.signal, readers };
  return openedLoad(opening, context, stopping, (beginAt) => {
    readers.arm(beginAt);
    return drive(players, beginAt, ground);
  });
};

/**
 * Asks for something that is not there, once: the first turn must not pay for connecting, and for
 * code that has never run. Whatever the answer is, nothing is recorded.
 */
const warmUp = async (client: ResponsesClient, { clock, random }: StageContext): Promise<void> => {
  const trace = seededIds(random.fork('warm-up'))();
  const question = { trace, model: 'spillway-warm-up', input: '' };
  await performTurn(question, { clock, pool: client, deadlineMs: warmUpMsMax });
};

const warmUpMsMax = 5000;

const openPlayer = async (
  spec: LoadedWorkload,
  index: number,
  input: LoadStageInput,
  context: StageContext,
  tokenizer: Tokenizer,
): Promise<Player> => {
  const workload = await openWorkload(spec, {
    random: context.random,
    tokenizer,
    thinkScale: input.thinkScale,
    directory: input.directory,
    index,
  });
  const starts = plannedStarts(spec, input.phases, context.random);
  const key = input.keys.find(({ name }) => name === spec.key);
  return {
    spec,
    index,
    workload,
    starts,
    ready: starts.slice(0, readyMax).map((_, at) => workload.session(at + 1)),
    ...(key && { key }),
    isLocalOnly:
      input.isLocalOnly || spec.residency === 'local-only' || key?.residency === 'local-only',
  };
};

/** Drives every workload from `beginAt` to its end, or to the end of the cooldown. */
const drive = async (
  players: readonly Player[],
  beginAt: number,
  ground: Ground,
): Promise<void> => {
  const { context, input, signal } = ground;
  const { clock, emit } = context;
  using timers = new DisposableStack();
  const begin = (name: PhaseName, at: number): void => emit({ kind: 'phase', name, at });
  const { warmupMs, cooldownMs } = input.phases;
  const steadyAt = beginAt + warmupMs;
  const cooldownAt = beginAt + startsUntil(input.phases);
  if (warmupMs > 0) begin('warmup', beginAt);
  timers.use(clock.at(steadyAt, () => begin('steady', steadyAt)));
  timers.use(clock.at(cooldownAt, () => begin('cooldown', cooldownAt)));
  const over = new AbortController();
  timers.use(clock.at(cooldownAt + cooldownMs, () => over.abort(new Error('the run is over'))));
  const ended = AbortSignal.any([signal, over.signal]);

  await Promise.all(
    players.map((player) =>
      driveLoad({
        load: player.spec.load,
        starts: player.starts.map((start) => beginAt + start),
        untilAt: cooldownAt,
        clock,
        signal: ended,
        play: (number, scheduledAt, stop) => play(player, number, scheduledAt, stop, ground),
        drop: (number, scheduledAt) => drop(player, number, scheduledAt, ground),
      }),
    ),
  );
  begin('done', clock.now());
};

const play = async (
  player: Player,
  number: number,
  scheduledAt: number,
  signal: AbortSignal,
  { input, context, client, tokenizer, salts, readers }: Ground,
): Promise<void> => {
  const { spec, index, key, isLocalOnly } = player;
  await playSession(player.ready[number - 1] ?? player.workload.session(number), {
    clock: context.clock,
    model: spec.model,
    ...(spec.residency === 'local-only' && { metadata: { residency: 'local-only' } }),
    startsAt: scheduledAt,
    countTokens: (text) => tokenizer.count(text),
    signal,
    ask: (question) => {
      const { session, turn } = question;
      const trace = traceId({ arm: input.armIndex, workload: index, session, turn }, salts());
      return performTurn(
        { ...question, trace, ...(key && { key: key.key }) },
        {
          clock: context.clock,
          pool: client,
          deadlineMs: turnMsMax,
          signal,
          onTokens: readers.reader(trace),
        },
      );
    },
    onExchange: (played) =>
      context.emit(exchangeEntry(played, { ...(key && { key: key.name }), isLocalOnly })),
  });
};

/** A session that was not begun is one exchange that was never sent. */
const drop = (player: Player, session: number, scheduledAt: number, ground: Ground): void => {
  const { context, input, salts } = ground;
  const parts = { arm: input.armIndex, workload: player.index, session, turn: 1 };
  context.emit({
    kind: 'exchange',
    trace: traceId(parts, salts()),
    workload: player.spec.name,
    ...(player.key && { key: player.key.name }),
    isLocalOnly: player.isLocalOnly,
    session,
    turn: 1,
    model: player.spec.model,
    scheduledAt,
    endedAt: context.clock.now(),
    outcome: 'dropped',
    promptTokens: 0,
    textChars: 0,
  });
};
