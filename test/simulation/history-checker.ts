/** What must hold of what turns go on from: what they demand, and what is kept of them. */

import type { Attempt, Generation } from '../../src/log/entry.ts';
import { type Checker, type Ground, nameOf } from './ground.ts';
import type { SeenTurn } from './swarm-run.ts';

/** What is local-only, by key, request, model or descent, never reaches a cloud. */
export const residency: Checker = (ground) =>
  ground.run.turns
    .filter((turn) => isAtHome(turn, ground))
    .flatMap((turn) => {
      const { compactions, doubles } = ground.run;
      const turnOf = (trace = ''): string => compactions.get(trace) ?? doubles.get(trace) ?? trace;
      const isLeak = ({ trace, residency: where }: Attempt | Generation): boolean =>
        where === 'cloud' && turnOf(trace) === turn.trace;
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
    at = turnOf.get(run.branches.get(at.trace) ?? at.question.previousResponseId ?? '');
  }
  return chain;
};

/** An answer is kept before it is told, and no backend is asked without the whole history. */
export const state: Checker = (ground) =>
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
    const from = turn.manner.isTruncating === true ? numbers.map((_, at) => at) : [0];
    const expected = from.map((at) => `s${turn.question.session} t${rangesOf(numbers.slice(at))}`);
    for (const { trace = '', history = '', backend, promptTokens } of ground.generations) {
      const isOwn = trace === turn.trace || ground.run.doubles.get(trace) === turn.trace;
      // The call that loads a model says `Hi` and nothing else.
      if (isOwn && promptTokens > 8 && !expected.includes(history) && !unsure)
        found.push(
          `${nameOf(turn)}: ${backend} was shown ${history}, not ${expected.join(' or ')}`,
        );
    }
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
