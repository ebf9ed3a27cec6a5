/**
 * What must hold in every run, whatever the seed. Each checker reads all that happened and says
 * what it should not have found.
 */

import { causality, conservation, money } from './account-checker.ts';
import { grammar, integrity, origin } from './answer-checker.ts';
import { blame, liveness, patience } from './failure-checker.ts';
import type { Checker, Ground } from './ground.ts';
import { residency, state } from './history-checker.ts';
import {
  amplification,
  demands,
  discipline,
  models,
  openings,
  recovery,
} from './routing-checker.ts';
import type { SwarmRun } from './swarm-run.ts';

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

/** What only those saw who were told: a chat, a socket. */
const oddities: Checker = ({ run }) => run.oddities;

const checkers: Readonly<Record<string, Checker>> = {
  conservation,
  causality,
  integrity,
  grammar,
  origin,
  discipline,
  residency,
  state,
  money,
  blame,
  liveness,
  patience,
  demands,
  recovery,
  openings,
  models,
  amplification,
  oddities,
};
