/**
 * Readers as faults will have them: they leave in the middle of an answer, or stop reading it. Told
 * how far an answer has got, it says what its reader does then.
 */

import type { FaultAct } from '../../log/entry.ts';
import type { Random } from '../../random/random.ts';
import type { Clock } from '../../time/clock.ts';
import { FaultDecision } from './decision.ts';
import type { PlannedFault } from './fault.ts';
import type { ReaderAct } from './kind/kind.ts';
import { kindOf } from './kind/list.ts';
import { isReaderFault } from './plan.ts';

export interface FaultyReaderParts {
  readonly faults: readonly PlannedFault[];
  readonly clock: Clock;
  readonly random: Random;
  /** The run's arm is added by the receiver. */
  readonly emit: (entry: Omit<FaultAct, 'arm'>) => void;
}

export interface FaultyReaders {
  /** The arm begins at this instant of the clock. */
  arm(origin: number): void;
  /** The reader of one answer: told how many tokens it has read, it may do something. */
  reader(trace: string): (tokens: number) => ReaderAct | undefined;
}

/** All readers of an arm; they do nothing before it begins. */
export const faultyReaders = ({
  faults,
  clock,
  random,
  emit,
}: FaultyReaderParts): FaultyReaders => {
  const meant = faults.filter(isReaderFault);
  let origin = Number.POSITIVE_INFINITY;
  let decision = new FaultDecision(meant, random);
  const now = (): number => clock.now() - origin;
  return {
    arm: (instant) => {
      origin = instant;
      decision = new FaultDecision(meant, random);
    },
    reader: (trace) => {
      const attempt = decision.attempt();
      // A reader has no span but its own, which is the end of its trace.
      attempt.onRequestHead({ trace, span: trace.slice(16) }, now());
      let isBegun = false;
      return (tokens) => {
        const begun = isBegun ? [] : attempt.onHeadForwarded(now());
        isBegun = true;
        let done: ReaderAct | undefined;
        for (const { fault, words, tokensBefore } of [
          ...begun,
          ...attempt.onToken(tokens, now()),
        ]) {
          const { action, index, backend } = fault;
          const kind = kindOf(action);
          const what = kind.kind;
          emit({ kind: 'act', fault: index, what, backend, at: clock.now(), trace, tokensBefore });
          done = kind.onReader?.(words) ?? done;
        }
        return done;
      };
    },
  };
};
