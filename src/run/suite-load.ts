/**
 * The load of one arm that plays a suite: each exchange is the first turn of a session of its own,
 * so that nothing hangs together but what a trial is about.
 *
 * Whether the primary serves is read from the numbered text (`p1-24`), which also works from
 * outside a proxy that tells nothing.
 */

import { type ResponsesClient, responsesClient } from '../client/responses-client.ts';
import type { PlannedQuestion } from '../client/session-player.ts';
import { performTurn } from '../client/turn.ts';
import { driveTrials, planTrials, type Trial, type TrialAsk } from '../load/trial.ts';
import { exchangeEntry } from '../measurement/exchange-entry.ts';
import { numberedRuns } from '../measurement/integrity.ts';
import { traceId } from '../protocol/trace.ts';
import { type IdSource, seededIds } from '../random/id.ts';
import type { Suite, SuitePlanRow } from '../scenario/suite.ts';
import { loadTokenizer } from '../token/tokenizer.ts';
import type { TurnPlan, Workload } from '../workload/session.ts';
import { openWorkload } from '../workload/workload.ts';
import type { ToLane } from './lane.ts';
import type { ArmOrder } from './live-fault.ts';
import type { LoadStageInput } from './load-stage.ts';
import { type LoadStageInfo, openedLoad } from './opened-load.ts';
import type { ProxyStageInfo } from './proxy-stage.ts';
import type { Stage, StageContext } from './stage.ts';

export interface SuiteLoadInput extends Pick<
  LoadStageInput,
  'armIndex' | 'workloads' | 'keys' | 'directory'
> {
  /** Base URLs of the proxies, one for each lane. */
  readonly urls: readonly string[];
  readonly suite: Suite;
}

interface Ground {
  readonly input: SuiteLoadInput;
  readonly context: StageContext;
  /** One for each lane; another once its proxy has been begun anew. */
  readonly clients: ResponsesClient[];
  readonly workloads: readonly Workload[];
  readonly salts: IdSource;
  readonly signal: AbortSignal;
  /** Numbers sessions. */
  readonly counter: { sessions: number };
}

export const openSuiteLoad: Stage<SuiteLoadInput, LoadStageInfo> = async (input, context) => {
  await using opening = new AsyncDisposableStack();
  const tokenizer = await loadTokenizer();
  const { random } = context;
  const workloads = await Promise.all(
    input.workloads.map((spec, index) =>
      openWorkload(spec, { random, tokenizer, thinkScale: 1, directory: input.directory, index }),
    ),
  );
  const clients = input.urls.map((url) => responsesClient(url));
  opening.defer(async () => {
    await Promise.all(clients.map((client) => client.close()));
  });
  const stopping = new AbortController();
  const ground: Ground = {
    input,
    context,
    clients,
    workloads,
    salts: seededIds(random.fork('traces')),
    signal: stopping.signal,
    counter: { sessions: 0 },
  };
  return openedLoad(opening, context, stopping, (beginAt) => drive(beginAt, ground));
};

/** Plays every trial from `beginAt` on. */
const drive = async (beginAt: number, ground: Ground): Promise<void> => {
  const { input, context, signal } = ground;
  const { clock, random, emit } = context;
  const { suite } = input;
  emit({ kind: 'phase', name: 'steady', at: beginAt });
  await clock.sleep(beginAt - clock.now(), signal).catch(() => undefined);
  await driveTrials({
    trials: planTrials(
      suite.rows.map(({ row }) => row.repetitions),
      random.fork('trials'),
    ),
    lanes: ground.clients.length,
    clock,
    signal,
    phaseMsMax: (row) => suite.rows[row]?.phaseMsMax ?? 0,
    settleMs: suite.settleMs,
    settleMsMax: suite.settleMsMax,
    groupOf: (row) => suite.rows[row]?.plain ?? 0,
    freshOf: (row) => suite.rows[row]?.fresh,
    renew: (lane) => renew(lane, ground),
    ask: (lane, trial, asked) => ask(lane, trial, asked, ground),
    arm: async (lane, trial) => {
      const order: ArmOrder = { id: idOf(trial), faults: suite.rows[trial.row]?.faults ?? [] };
      await context.ask('arm', { lane, value: order } satisfies ToLane);
    },
    disarm: async (lane, trial) => {
      await context.ask('disarm', { lane, value: idOf(trial) } satisfies ToLane);
    },
  });
  emit({ kind: 'phase', name: 'done', at: clock.now() });
};

/** What is in flight has ended; a proxy that is somebody else's stays as it is. */
const renew = async (lane: number, { clients, context }: Ground): Promise<boolean> => {
  const told = await context.ask('renew', { lane, value: undefined } satisfies ToLane);
  if (told === undefined) return false;
  await clients[lane]?.close();
  clients[lane] = responsesClient((told as ProxyStageInfo).url);
  return true;
};

const idOf = ({ number }: Trial): string => `trial ${number}`;

const ask = async (lane: number, trial: Trial, asked: TrialAsk, ground: Ground) => {
  const { context, clients, input, salts, signal, counter } = ground;
  const { clock, emit } = context;
  const { question, index } = trialQuestion(trial, asked, ++counter.sessions, ground);
  const pool = clients[lane] ?? clients[0];
  if (!pool) throw new Error('a lane has no proxy');
  const key = input.keys.find(({ name }) => name === input.workloads[index]?.key);
  const parts = { arm: input.armIndex, workload: index, session: question.session, turn: 1 };
  const scheduledAt = clock.now();
  const record = await performTurn(
    { ...question, trace: traceId(parts, salts()), ...(key && { key: key.key }) },
    { clock, pool, deadlineMs: input.suite.patienceMs, signal },
  );
  emit({
    ...exchangeEntry(
      { question, scheduledAt, record },
      { ...(key && { key: key.name }), isLocalOnly: key?.residency === 'local-only' },
    ),
    trial: asked,
  });
  return {
    isPrimary: record.outcome === 'completed' && /^p[^a]*$/.test(numberedRuns(record.text) ?? ''),
  };
};

/** The faulted and the straight exchange of a trial ask the same; the others ask in plain words. */
export const trialQuestion = (
  trial: Trial,
  { role }: TrialAsk,
  session: number,
  {
    input,
    workloads,
  }: Pick<Ground, 'workloads'> & { readonly input: Pick<SuiteLoadInput, 'suite' | 'workloads'> },
): { readonly question: PlannedQuestion; readonly index: number } => {
  const row: SuitePlanRow | undefined = input.suite.rows[trial.row];
  const isOwn = role === 'faulted' || role === 'straight';
  const index = (isOwn ? row?.workload : row?.plain) ?? 0;
  const spec = input.workloads[index];
  const plan = workloads[index]?.session(isOwn ? trial.number : session);
  const turn: TurnPlan | undefined = plan?.turns[0];
  if (!spec || !plan || !turn) throw new Error('a row asks for a workload that is not there');
  return {
    index,
    question: {
      workload: spec.name,
      session,
      turn: 1,
      model: role === 'straight' ? input.suite.straight : spec.model,
      input: turn.prompt,
      promptTokens: turn.promptTokens,
      wantedTokens: turn.wantedTokens,
      maxOutputTokens: turn.maxOutputTokens,
      ...(plan.instructions === undefined ? {} : { instructions: plan.instructions }),
      ...(turn.tools ? { tools: turn.tools } : {}),
      ...(turn.format ? { format: turn.format } : {}),
    },
  };
};
