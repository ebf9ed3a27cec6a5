/**
 * What must hold in every run, whatever the seed. Each checker reads all that happened and says
 * what it should not have found.
 */

import type { Attempt, Generation } from '../../src/log/entry.ts';
import { isBoxFault } from '../../src/target/fault/box-fault.ts';
import { readStream } from '../kit/response-grammar.ts';
import { type Checker, type Ground, nameOf } from './ground.ts';
import { amplification, demands, models, oddities, openings, recovery } from './routing-checker.ts';
import type { SeenTurn, SwarmRun } from './swarm-run.ts';

export interface Violation {
  readonly checker: string;
  readonly what: string;
}

/** Everything that is wrong with a run. */
export const check = (run: SwarmRun): readonly Violation[] => {
  const exchanges = run.entries.filter((entry) => entry.kind === 'exchange');
  const ground: Ground = {
    run,
    exchanges: new Map(exchanges.map((exchange) => [exchange.trace, exchange])),
    attempts: run.entries.filter((entry) => entry.kind === 'attempt'),
    generations: run.entries.filter((entry) => entry.kind === 'generation'),
    turnOf: new Map(
      run.turns.flatMap((turn) =>
        turn.record.responseId === undefined ? [] : [[turn.record.responseId, turn] as const],
      ),
    ),
  };
  const crash = run.crash === undefined ? [] : [{ checker: 'world', what: run.crash }];
  return [
    ...crash,
    ...Object.entries(checkers).flatMap(([checker, find]) =>
      find(ground).map((what) => ({ checker, what })),
    ),
  ];
};

/** Every turn asked ends in one outcome, every attempt in one record, and the sums agree. */
const conservation: Checker = ({ run, exchanges, attempts }) => {
  const found: string[] = [];
  const planned = [...run.swarm.sessions, ...run.swarm.recovery];
  for (const { plan } of planned) {
    const asked = run.turns.filter(
      ({ question, mark }) => question.session === plan.number && mark !== undefined,
    );
    if (asked.length !== plan.turns.length)
      found.push(`session ${plan.number}: ${asked.length} of ${plan.turns.length} turns asked`);
  }
  if (exchanges.size !== run.turns.length)
    found.push(`${exchanges.size} exchanges of ${run.turns.length} turns`);
  const userCalls = run.calls.filter(({ isWarmUp }) => !isWarmUp);
  if (userCalls.length !== attempts.length)
    found.push(`${attempts.length} attempts of ${userCalls.length} calls`);
  const sum = (key: 'requests' | 'attempts' | 'costUsd'): number =>
    run.ledger.reduce((total, row) => total + row[key], 0);
  if (sum('attempts') !== attempts.length)
    found.push(`the ledger has ${sum('attempts')} attempts of ${attempts.length}`);
  const costUsd = attempts.reduce((total, attempt) => total + (attempt.costUsd ?? 0), 0);
  if (Math.abs(sum('costUsd') - costUsd) > 1e-9)
    found.push(`the ledger has ${sum('costUsd')} USD of ${costUsd}`);
  return found;
};

/** The instants of each exchange and attempt are in order. */
const causality: Checker = ({ run, exchanges, attempts }) => {
  const found: string[] = [];
  const expectOrder = (whose: string, instants: readonly (number | undefined)[]): void => {
    const known = instants.filter((at) => at !== undefined);
    if (known.some((at, place) => place > 0 && at < (known[place - 1] ?? 0)))
      found.push(`${whose}: ${instants.join(' ')}`);
  };
  for (const turn of run.turns) {
    const it = exchanges.get(turn.trace);
    if (!it) continue;
    const { scheduledAt, sentAt, headersAt, firstEventAt, firstTokenAt, firstTextAt } = it;
    const { lastTextAt, lastTokenAt, endedAt } = it;
    const name = nameOf(turn);
    expectOrder(name, [scheduledAt, sentAt, headersAt, firstEventAt, firstTokenAt]);
    expectOrder(name, [firstTokenAt, firstTextAt, lastTextAt, lastTokenAt, endedAt]);
    const own = attempts.filter(({ trace }) => trace === turn.trace);
    expectOrder(`${name} attempts`, [
      sentAt,
      ...own.flatMap((attempt) => [attempt.startedAt, attempt.endedAt]),
    ]);
    for (const attempt of own)
      expectOrder(`${name} attempt ${attempt.attempt}`, [
        attempt.startedAt,
        attempt.headersAt,
        attempt.firstTokenAt,
        attempt.endedAt,
      ]);
  }
  return found;
};

/**
 * Every token once and in order, or a declared failure; never an end that looks whole and is not.
 */
const integrity: Checker = ({ run }) =>
  run.turns.flatMap((turn) => {
    const { outcome, text, toolCalls } = turn.record;
    const name = nameOf(turn);
    if (outcome === 'truncated' || outcome === 'hung') return [`${name} is ${outcome}`];
    const { format, tools } = turn.question;
    if (toolCalls.length > 0 || (tools && outcome === 'completed' && turn.mark !== undefined))
      return outcome === 'completed' && !hasWholeCall(turn) ? [`${name}: a call is not whole`] : [];
    if (format)
      return outcome === 'completed' && !isReport(text) ? [`${name}: JSON is not whole`] : [];
    const words = text.split(/\s+/).filter((word) => word !== '');
    const wrong = words.findIndex((word, at) => !new RegExp(`^[pa]${at + 1}$`).test(word));
    if (wrong >= 0) return [`${name}: ${words.slice(0, wrong + 1).join(' ')}`];
    // After a tool's result the simulated model answers as long as the question asked for.
    const { wantedTokens } = turn.question;
    return outcome === 'completed' && words.length !== wantedTokens
      ? [`${name}: completed with ${words.length} of ${wantedTokens} tokens`]
      : [];
  });

const hasWholeCall = ({ record }: SeenTurn): boolean =>
  record.toolCalls.length > 0 &&
  record.toolCalls.every(({ name, arguments: text }) => name === 'look_up' && hasId(text));

const hasId = (text: string): boolean => {
  const value = valueOf(text);
  return typeof value === 'object' && value !== null && 'id' in value;
};

const isReport = (text: string): boolean => {
  const value = valueOf(text);
  return typeof value === 'object' && value !== null && 'count' in value && 'title' in value;
};

const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** What was written is what strict clients accept. */
const grammar: Checker = ({ run }) =>
  run.turns.flatMap((turn) => {
    const { manner, record, written } = turn;
    if (record.outcome === 'cancelled' || record.status !== 200 || !manner.isStream) return [];
    // Who cancels an answer is not told of its end.
    if (manner.background === 'cancels' && record.outcome === 'failed') return [];
    try {
      const { text, resource } = readStream(written);
      if (text !== record.text) return [`${nameOf(turn)}: the reader and the grammar disagree`];
      return resource.status === record.outcome ? [] : [`${nameOf(turn)}: ${resource.status}`];
    } catch (error) {
      return [`${nameOf(turn)}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });

const attemptsMax = 2;
/** The longest queue that patience allows. */
const queuedMax = 64;

/**
 * Two attempts at most, none to an open circuit, none beyond the slots, and nothing left running.
 */
const discipline: Checker = ({ run, attempts }) => {
  const found: string[] = [];
  const counts = new Map<string, number>();
  for (const { trace } of attempts) counts.set(trace, (counts.get(trace) ?? 0) + 1);
  for (const [trace, count] of counts)
    if (count > attemptsMax) found.push(`${trace} made ${count} attempts`);
  // Other rules make other circuits and other slots, beside those that end their work.
  const hasOthers = run.swarm.reload?.next.breaker !== run.swarm.system.breaker;
  const calls = run.swarm.reload && hasOthers ? [] : run.calls;
  for (const { backend, model, at, health, openCount, isWarmUp } of calls) {
    const change = health?.changes.at(-1);
    // One that was let in at the very instant at which the circuit opened is no offence.
    if (health?.breaker !== 'closed' && change && change.at < at)
      found.push(`${backend} was asked at ${at}, its circuit ${health?.breaker}`);
    const own = health?.models.find((it) => it.model === model);
    const last = own?.changes.at(-1);
    // The probe of a model is a call that loads it.
    if (!isWarmUp && own && own.breaker !== 'closed' && last && last.at < at)
      found.push(`${model} of ${backend} was asked at ${at}, its circuit ${own.breaker}`);
    if (!isWarmUp && health && openCount > health.slots)
      found.push(`${backend} has ${openCount} calls in ${health.slots} slots at ${at}`);
    if (health && health.queued > queuedMax) found.push(`${health.queued} queue at ${backend}`);
  }
  for (const call of run.calls)
    if (call.endedAt === undefined && !call.isWarmUp)
      found.push(`a call of ${call.backend} at ${call.at} never ended`);
  if (run.timersLeft > 0) found.push(`${run.timersLeft} timers go on after the end`);
  const { inFlight, backends } = run.health;
  if (inFlight !== 0) found.push(`${inFlight} requests in flight at the end`);
  for (const { name, running, queued } of backends)
    if (running + queued > 0) found.push(`${name} has ${running} running, ${queued} queued`);
  return found;
};

/** What is local-only, by key, request, model or descent, never reaches a cloud. */
const residency: Checker = (ground) =>
  ground.run.turns
    .filter((turn) => isAtHome(turn, ground))
    .flatMap((turn) => {
      const { compactions } = ground.run;
      const isLeak = ({ trace, residency: where }: Attempt | Generation): boolean =>
        where === 'cloud' && (compactions.get(trace ?? '') ?? trace) === turn.trace;
      return [...ground.attempts, ...ground.generations]
        .filter(isLeak)
        .map(({ kind, backend }) => `${nameOf(turn)}: ${kind} at ${backend}`);
    });

const isAtHome = (turn: SeenTurn, ground: Ground): boolean => {
  const { run } = ground;
  const model = run.swarm.system.models.find(({ name }) => name === turn.question.model);
  if (model?.residency === 'local-only') return true;
  // Messages of the older API are texts, and texts hold no demand.
  const said = turn.session.thread === 'chat' ? [turn] : ancestryOf(turn, ground);
  return said.some(
    ({ session, manner }) => session.key.residency === 'local-only' || manner.isLocalOnly,
  );
};

const isAnswered = ({ record: { outcome } }: SeenTurn): boolean =>
  outcome === 'completed' || outcome === 'incomplete';

/** The turn and those whose answers it goes on from, latest first. */
const ancestryOf = (turn: SeenTurn, { run, turnOf }: Ground): readonly SeenTurn[] => {
  const { session, question } = turn;
  if (session.thread === 'conversation') {
    const before = run.turns.filter(
      (it) => it.session === session && it.question.turn < question.turn && isAnswered(it),
    );
    return [turn, ...before.toReversed()];
  }
  const chain: SeenTurn[] = [];
  for (let at: SeenTurn | undefined = turn; at;) {
    chain.push(at);
    at = turnOf.get(at.question.previousResponseId ?? '');
  }
  return chain;
};

/** An answer is kept before it is told, and no backend is asked without the whole history. */
const state: Checker = (ground) =>
  ground.run.turns.flatMap((turn) => {
    const found = turn.isKeptFirst ? [] : [`${nameOf(turn)} was told before it was kept`];
    // Who left a conversation cannot know whether the answer was kept in it.
    const unsure = ground.run.turns.some(
      (it) =>
        turn.session.thread === 'conversation' &&
        it.session === turn.session &&
        it.record.outcome === 'cancelled',
    );
    const numbers = ancestryOf(turn, ground)
      .flatMap(({ mark }) => (mark === undefined ? [] : [Number(mark.split(' t')[1])]))
      .toReversed();
    const expected = `s${turn.question.session} t${rangesOf(numbers)}`;
    for (const { trace, history, backend, promptTokens } of ground.generations)
      // The call that loads a model says `Hi` and nothing else.
      if (trace === turn.trace && promptTokens > 8 && history !== expected && !unsure)
        found.push(`${nameOf(turn)}: ${backend} was shown ${history}, not ${expected}`);
    return found;
  });

const rangesOf = (numbers: readonly number[]): string => {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
};

/** Only the cloud costs money, and no more is spent once the limit is reached. */
const money: Checker = ({ run, attempts }) => {
  const found: string[] = [];
  for (const { residency: where, costUsd, usage, backend } of attempts)
    if ((costUsd !== undefined) !== (where === 'cloud' && usage !== undefined))
      found.push(`an attempt at ${backend} cost ${costUsd}`);
  const turnEnds = run.turns.map(({ trace, record }) => ({ trace, at: record.endedAt }));
  for (const { residency: where, startedAt, backend } of attempts) {
    if (where !== 'cloud') continue;
    const ended = new Set(turnEnds.filter(({ at }) => at < startedAt).map(({ trace }) => trace));
    const spentUsd = attempts.reduce(
      (sum, it) => sum + (ended.has(it.trace) ? (it.costUsd ?? 0) : 0),
      0,
    );
    if (spentUsd >= run.swarm.spendMaxUsd)
      found.push(`${backend} was asked at ${startedAt} with ${spentUsd} USD spent`);
  }
  return found;
};

/** For how long the proxy believes what it has seen of the models in memory. */
const lookFreshMs = 2000;
/**
 * How long it waits to be told; a request that waited longer may have seen what is no longer so.
 */
const lookMsMax = 150;

/** Whether the model had left memory and the proxy could not know. */
const hasGoneUnseen = ({ run, generations, attempts }: Ground, attempt: Attempt): boolean => {
  const { backend, model, startedAt, trace } = attempt;
  if (!run.coldCalls.has(`${backend} ${trace}`)) return false;
  const simulate = run.swarm.system.backends.find(({ name }) => name === backend)?.simulate;
  if (simulate?.kind !== 'spark') return false;
  const used = generations.filter(
    (it) => it.backend === backend && it.model === model && it.endedAt <= startedAt,
  );
  const usedAt = Math.max(0, ...used.map(({ endedAt }) => endedAt));
  const goneForMs = startedAt - usedAt - simulate.keepAliveMs * simulate.timeScale;
  const before = attempts.find((it) => it.trace === trace && it.attempt === attempt.attempt - 1);
  const turn = run.turns.find((it) => it.trace === trace);
  const askedAt = before?.endedAt ?? turn?.record.sentAt ?? startedAt;
  const isLately = (at: number) => startedAt >= at && startedAt <= at + lookFreshMs + lookMsMax;
  // Nor who looked before the clock jumped, or whose look something befell.
  const isUntold = run.entries.some(
    (it) => it.kind === 'act' && it.backend === backend && !it.trace && isLately(it.at),
  );
  if (isUntold || run.jumpedAt.some(isLately)) return true;
  const isOld = startedAt >= askedAt + lookMsMax - 1;
  return isOld || (goneForMs >= 0 && goneForMs <= lookFreshMs);
};

/**
 * Whether something happened to the box itself, or had happened and could not be known yet. A jump
 * of the clock lets it last longer.
 */
const isOnBrokenBox = ({ swarm }: SwarmRun, { backend, startedAt, endedAt }: Attempt): boolean => {
  const jumpedMs = swarm.jumps.reduce((sum, { ms }) => sum + ms, 0);
  return swarm.faults.some(
    (fault) =>
      isBoxFault(fault) &&
      fault.backend === backend &&
      endedAt >= fault.from &&
      startedAt <= fault.until + jumpedMs + lookFreshMs + lookMsMax,
  );
};

/** Nothing fails without a cause. */
const blame: Checker = (ground) =>
  ground.attempts.flatMap((attempt) => {
    const { run } = ground;
    const { trace, backend, outcome, reason, startedAt, endedAt } = attempt;
    if (outcome !== 'failed' || reason === 'bad-seam') return [];
    if (reason === 'first-token-deadline' && hasGoneUnseen(ground, attempt)) return [];
    // What befell the second connection, which has no trace, counts as well.
    const isAct = (act: { backend: string; trace?: string; at: number }): boolean =>
      (act.trace ?? trace) === trace &&
      act.backend === backend &&
      act.at >= startedAt &&
      act.at <= endedAt;
    const acts = run.entries.filter((entry) => entry.kind === 'act');
    if (isOnBrokenBox(run, attempt)) return [];
    // What a jump took from a silence is given back once.
    const jumps = run.jumpedAt.filter((at) => at >= startedAt && at <= endedAt);
    if (jumps.length > 1 && /deadline/.test(reason ?? '')) return [];
    if (acts.some(isAct) || run.quirks.some(isAct)) return [];
    return [`an attempt at ${backend} at ${startedAt} failed by itself: ${reason}`];
  });

/** When all that goes wrong has ended, all requests are served, and by the primary again. */
const liveness: Checker = ({ run }) => {
  if (run.swarm.stopAt !== undefined) return [];
  return run.swarm.recovery.flatMap((session) => {
    const turns = run.turns.filter((turn) => turn.question.session === session.plan.number);
    const model = run.swarm.system.models.find(({ name }) => name === session.model);
    const mayAll = run.swarm.spendMaxUsd === Number.POSITIVE_INFINITY;
    const found = turns
      .filter(({ record }) => record.outcome !== 'completed' && mayAll)
      .map((turn) => `${nameOf(turn)} ended ${turn.record.outcome}: ${turn.record.message}`);
    const primary = model?.candidates[0]?.backend;
    const last = turns.at(-1)?.record.backend;
    if (model?.strategy === 'ordered' && mayAll && last !== primary)
      found.push(`${session.model} is served by ${last}, not by ${primary}`);
    return found;
  });
};

const checkers: Readonly<Record<string, Checker>> = {
  conservation,
  causality,
  integrity,
  grammar,
  discipline,
  residency,
  state,
  money,
  blame,
  liveness,
  demands,
  recovery,
  openings,
  models,
  amplification,
  oddities,
};
