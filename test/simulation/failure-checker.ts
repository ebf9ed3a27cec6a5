/** What must hold of failures: none without a cause, and none once the causes are over. */

import { isDeepStrictEqual } from 'node:util';

import type { Attempt } from '../../src/log/entry.ts';
import type { System } from '../../src/system/system.ts';
import { isBoxFault } from '../../src/target/fault/box-fault.ts';
import type { PlannedFault } from '../../src/target/fault/fault.ts';
import { type Checker, type Ground, nameOf } from './ground.ts';
import type { SwarmRun } from './swarm-run.ts';

/** For how long the proxy believes what it has seen of the models in memory. */
const lookFreshMs = 2000;
/**
 * How long it waits to be told; a request that waited longer may have seen what is no longer so.
 */
const lookMsMax = 150;

/** The longest that a model here takes to be loaded. */
const loadMsMax = 8000;

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
  // Or the other model took its place, at once or as soon as it was idle; and it may be on its way
  // back, which looks as if it had never left.
  const others = generations.filter((it) => it.backend === backend && it.model !== model);
  const isOnItsWay = others.some(
    ({ endedAt }) => endedAt <= startedAt && startedAt <= endedAt + loadMsMax,
  );
  const isDisplaced =
    simulate.memoryGb !== undefined &&
    (isOnItsWay ||
      isLately(usedAt) ||
      run.calls.some((it) => it.backend === backend && it.model !== model && isLately(it.at)));
  if (isUntold || isDisplaced || run.jumpedAt.some(isLately)) return true;
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
      startedAt <= fault.until + jumpedMs + afterMsOf(fault),
  );
};

/**
 * Until it is known that a box is well: what was begun while it was throttled takes its time, and
 * so does the load of what it lost, which nobody is told of who did not look in between.
 */
const afterMsOf = ({ action: { slowdown = 0, delayMs = 0 } }: PlannedFault): number =>
  lookFreshMs + lookMsMax + slowdown * 1000 + delayMs + loadMsMax;

/**
 * Whether another file had described the backend otherwise, so that its slots are counted anew
 * beside those that still run: then it may have been asked more at once than it can do.
 */
const isOverrun = ({ swarm }: SwarmRun, { backend, endedAt }: Attempt): boolean => {
  const describedIn = ({ backends }: System) => backends.find(({ name }) => name === backend);
  return swarm.reloads.some(
    ({ at, system }) =>
      at <= endedAt && !isDeepStrictEqual(describedIn(system), describedIn(swarm.system)),
  );
};

/** Nothing fails without a cause. */
export const blame: Checker = (ground) =>
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
    if (isOnBrokenBox(run, attempt) || isOverrun(run, attempt)) return [];
    // What a jump took from a silence is given back once.
    const jumps = run.jumpedAt.filter((at) => at >= startedAt && at <= endedAt);
    if (jumps.length > 1 && /deadline/.test(reason ?? '')) return [];
    if (acts.some(isAct) || run.quirks.some(isAct)) return [];
    return [`an attempt at ${backend} at ${startedAt} failed by itself: ${reason}`];
  });

/** When all that goes wrong has ended, all requests are served, and by the primary again. */
export const liveness: Checker = ({ run }) => {
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

/** What a jump of the clock took from a silence is given back, and no more than that. */
const graceMsMax = 2000;

/** A request that was lost is found out when another has been answered, and in its time. */
const lostMsMax = 150_000;

/** Nobody waits for a first token much beyond its deadline, but for a model that must be loaded. */
export const patience: Checker = ({ run, attempts }) =>
  attempts.flatMap(({ backend, trace, startedAt, firstTokenAt, endedAt }) => {
    if (run.coldCalls.has(`${backend} ${trace}`)) return [];
    const described = [run.swarm, ...run.swarm.reloads].flatMap(({ system }) =>
      system.backends.filter(({ name }) => name === backend),
    );
    const deadlineMs = Math.max(
      ...described.map((it) => Math.max(it.firstTokenMs, it.firstTokenMsMax ?? 0)),
    );
    const jumpedMs = run.swarm.jumps.reduce((sum, { ms }) => sum + ms, 0);
    const waitedMs = (firstTokenAt ?? endedAt) - startedAt;
    return waitedMs > deadlineMs + lostMsMax + graceMsMax + jumpedMs
      ? [`an attempt at ${backend} at ${startedAt} waited ${waitedMs} ms for its first token`]
      : [];
  });
