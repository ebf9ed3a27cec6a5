/** What must hold of the accounts: whatever is counted, timed or paid for adds up. */

import { type Checker, nameOf } from './ground.ts';

/** Every turn asked ends in one outcome, every attempt in one record, and the sums agree. */
export const conservation: Checker = ({ run, exchanges, attempts }) => {
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
export const causality: Checker = ({ run, exchanges, attempts }) => {
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

/** Only the cloud costs money, and no more is spent once the limit is reached. */
export const money: Checker = ({ run, attempts }) => {
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
