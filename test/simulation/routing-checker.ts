/**
 * What must hold of the proxy's decisions: whom it asks, how often, and how soon again after a
 * failure.
 */

import { isDeepStrictEqual } from 'node:util';

import { type Checker, nameOf } from './ground.ts';
import type { SeenTurn, SwarmRun } from './swarm-run.ts';

/** What an answer of the usual length costs at least, by the simulation's price. */
const likelyUsd = (turn: SeenTurn | undefined): number =>
  8e-6 * Math.min(500, turn?.question.maxOutputTokens ?? 500);

/** What a client names is asked, or is not; what limits a key is kept. */
export const demands: Checker = ({ run, attempts }) => {
  const found: string[] = [];
  for (const turn of run.turns) {
    const { pin, forbid } = turn.manner;
    for (const { backend, trace } of attempts)
      if ((run.compactions.get(trace) ?? trace) === turn.trace)
        if (backend === forbid || (pin !== undefined && backend !== pin))
          found.push(`${nameOf(turn)} was asked of ${backend}, pin ${pin}, forbidden ${forbid}`);
  }
  for (const { name, requestsPerMinute = Infinity, concurrentRequests = Infinity, ...key } of run
    .swarm.system.keys) {
    const { monthlyBudgetUsd = Infinity } = key;
    // Other limits have counted nothing yet.
    const isOther = run.swarm.reloads.some(
      ({ system: { keys } }) => !isDeepStrictEqual(keys, run.swarm.system.keys),
    );
    if (isOther) continue;
    const turns = run.turns.filter(({ session }) => session.key.name === name);
    const letIn = turns.filter(({ trace }) => attempts.some((it) => it.trace === trace));
    for (const { record } of letIn) {
      const { sentAt = 0 } = record;
      const within = letIn.filter(
        ({ record: it }) => (it.sentAt ?? 0) >= sentAt && (it.sentAt ?? 0) < sentAt + 60_000,
      );
      if (within.length > requestsPerMinute)
        found.push(`${within.length} requests of ${name} in the minute from ${sentAt}`);
    }
    const traces = new Set(turns.map(({ trace }) => trace));
    const own = attempts.filter(({ trace }) => traces.has(trace));
    for (const { startedAt, residency: where, backend } of own) {
      const open = own.filter((it) => it.startedAt <= startedAt && it.endedAt > startedAt);
      if (open.length > concurrentRequests)
        found.push(`${open.length} attempts of ${name} at once`);
      // What a slow reader has not read yet is not over.
      const over = turns.filter(({ record }) => record.endedAt < startedAt);
      const overTraces = new Set(over.map(({ trace }) => trace));
      const ended = own.filter((it) => overTraces.has(it.trace));
      const spentUsd = ended.reduce((sum, it) => sum + (it.costUsd ?? 0), 0);
      // What is being made has money set aside for it.
      const heldUsd = open
        .filter((it) => it.residency === 'cloud' && it.startedAt < startedAt)
        .reduce((sum, it) => sum + likelyUsd(turns.find(({ trace }) => trace === it.trace)), 0);
      if (where === 'cloud' && spentUsd + heldUsd >= monthlyBudgetUsd)
        found.push(`${name} was served by ${backend}, ${spentUsd} USD spent, ${heldUsd} set aside`);
    }
  }
  return found;
};

/** The longest queue that patience allows. */
const queuedMax = 64;

/**
 * Two attempts at most, none to an open circuit, none beyond the slots, and nothing left running.
 */
export const discipline: Checker = ({ run, attempts }) => {
  const found: string[] = [];
  const { attemptsMax = 2 } = run.swarm.system;
  const counts = new Map<string, number>();
  for (const { trace } of attempts) counts.set(trace, (counts.get(trace) ?? 0) + 1);
  for (const [trace, count] of counts)
    if (count > attemptsMax) found.push(`${trace} made ${count} attempts`);
  // Other rules make other circuits and other slots, beside those that end their work.
  const { system, reloads } = run.swarm;
  const hasOthers = reloads.some(
    ({ system: { breaker, backends } }) =>
      !isDeepStrictEqual([breaker, backends], [system.breaker, system.backends]),
  );
  const calls = hasOthers ? [] : run.calls;
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
  for (const backend of hasOthers ? [] : system.backends) {
    const { name, requestsPerMinute = Infinity, tokensPerMinute = Infinity } = backend;
    const asked = userCallsOf(run, name);
    for (const { at: from } of asked) {
      const within = asked.filter(({ at }) => at >= from && at < from + 60_000);
      const tokens = within.reduce((sum, { outputTokensMax }) => sum + outputTokensMax, 0);
      if (within.length > requestsPerMinute || tokens > tokensPerMinute)
        found.push(`${name} had ${within.length} requests of ${tokens} tokens from ${from}`);
    }
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

/** The calls of a backend that somebody waited for. */
const userCallsOf = ({ calls }: SwarmRun, name: string): SwarmRun['calls'] =>
  calls.filter(({ backend, isWarmUp }) => backend === name && !isWarmUp);

/** How long a backend that is well again may be shut out. */
const backMsMax = ({ swarm }: SwarmRun): number => {
  const { openForMs } = swarm.system.breaker;
  const jitter = 1.1;
  // People mend some things at their own pace, and some servers say when to come back.
  const openMsMax = 300_000;
  const isTold = [
    ...swarm.faults.map(({ action }) => action.kind),
    ...swarm.quirks.map(({ kind }) => kind),
  ].some((kind) => slowToForget.has(kind));
  return isTold
    ? openMsMax * jitter + loadMsMax
    : 2 * (openForMs * jitter + probeMsMax) + loadMsMax;
};
const probeMsMax = 3000;
/** A load that hangs is given up for another after a minute, which takes its own time. */
const loadMsMax = 120_000;
const slowToForget: ReadonlySet<string> = new Set([
  'certificate',
  'not-tls',
  'reject',
  'rate-limited',
  'redirect',
  'preamble-then-fail',
  'html',
]);

/** After the faults every circuit is closed within its bound, whether or not anybody asks. */
export const recovery: Checker = ({ run }) => {
  if (run.swarm.stopAt !== undefined || run.swarm.reloads.length > 0) return [];
  const jumpedMs = run.swarm.jumps.reduce((sum, { ms }) => sum + ms, 0);
  const changes = run.entries.filter((entry) => entry.kind === 'circuit');
  const places = new Map(changes.map((it) => [`${it.backend} ${it.model ?? ''}`, it]));
  return [...places.keys()].flatMap((place) => {
    const own = changes.filter((it) => `${it.backend} ${it.model ?? ''}` === place);
    return own.flatMap((change, at) => {
      if (change.to !== 'open') return [];
      const next = own[at + 1]?.at ?? Number.POSITIVE_INFINITY;
      const from = Math.max(change.at, run.swarm.faultsUntil + jumpedMs);
      const ms = next - from;
      return ms > backMsMax(run) ? [`${place} was shut out for ${ms} ms from ${from}`] : [];
    });
  });
};

/** A circuit opens because an attempt of its own has failed at that instant. */
export const openings: Checker = ({ run, attempts }) =>
  run.entries.flatMap((entry) => {
    if (entry.kind !== 'circuit' || entry.to !== 'open') return [];
    const { backend, model, at } = entry;
    const isCause = attempts.some(
      (it) =>
        it.backend === backend &&
        it.outcome === 'failed' &&
        it.endedAt <= at &&
        (model === undefined || it.model === model),
    );
    return isCause ? [] : [`${backend} ${model ?? ''} opened at ${at} without a failure`];
  });

/** The circuit of one model does not keep others from being served. */
export const models: Checker = ({ run, attempts }) => {
  const changes = run.entries.filter((entry) => entry.kind === 'circuit');
  if (run.swarm.reloads.length > 0) return [];
  return attempts.flatMap((attempt) => {
    if (attempt.attempt > 1 || attempt.passedOver !== 'breaker') return [];
    const turn = run.turns.find(({ trace }) => trace === attempt.trace);
    const model = run.swarm.system.models.find(({ name }) => name === turn?.question.model);
    // What a client rules out by name has not been passed over.
    const { pin, forbid } = turn?.manner ?? {};
    const over = model?.candidates.find(
      ({ backend }) => backend !== forbid && (pin ?? backend) === backend,
    );
    if (!over || !turn || model?.strategy !== 'ordered') return [];
    // It was found shut out at some time between the question and the attempt.
    const { sentAt = 0 } = turn.record;
    const isShut = changes.some((it, at) => {
      if (it.to !== 'open' || it.backend !== over.backend || it.at > attempt.startedAt)
        return false;
      if (it.model !== undefined && it.model !== over.model) return false;
      const closed = changes
        .slice(at + 1)
        .find(
          (next) => next.backend === it.backend && next.model === it.model && next.to === 'closed',
        );
      return (closed?.at ?? Number.POSITIVE_INFINITY) >= sentAt;
    });
    return isShut
      ? []
      : [
          `${over.model} of ${over.backend} was passed over at ${attempt.startedAt}, its circuits closed`,
        ];
  });
};

/** A request that begins while a circuit is open goes to one that is well, at the first attempt. */
export const amplification: Checker = ({ run, attempts }) => {
  const troubled = new Set(
    [...run.swarm.faults, ...run.swarm.quirks].map(({ backend }) => backend),
  );
  const well = run.swarm.system.backends.filter(({ name }) => !troubled.has(name));
  if (well.length === 0 || troubled.has('the reader')) return [];
  const changes = run.entries.filter((entry) => entry.kind === 'circuit');
  let requests = 0;
  let made = 0;
  for (const { to, at, backend, model } of changes) {
    if (to !== 'open' || model !== undefined) continue;
    const end = changes.find(
      (it) => it.backend === backend && it.model === undefined && it.at > at,
    );
    const within = run.turns.filter(
      ({ record: { sentAt = 0 } }) => sentAt > at && sentAt < (end?.at ?? Infinity),
    );
    requests += within.length;
    made += within.reduce(
      (sum, { trace }) => sum + attempts.filter((it) => it.trace === trace).length,
      0,
    );
  }
  return made > 1.05 * requests + amplificationFloor
    ? [`${made} attempts of ${requests} requests while a circuit was open`]
    : [];
};
/** Few requests have no ratio: that many second attempts are let go in vain. */
const amplificationFloor = 10;
