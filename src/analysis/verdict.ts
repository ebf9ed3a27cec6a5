/**
 * What the run comes to, and the exit code that says so.
 *
 * Where several apply, the first of these: interrupted or terminated (130, 143), failed (3),
 * invalid or undecided (20), an objective missed (99), all met (0). A run that cannot be trusted
 * proves nothing either way, so it comes before what it seems to prove.
 */

import type { RunEnd } from '../log/entry.ts';
import type { Analysis, Invalidity, ObjectiveResult } from './analysis.ts';

/** The verdict; `end` is absent when the log was cut. */
export const verdictOf = (
  end: RunEnd | undefined,
  objectives: readonly ObjectiveResult[],
  invalid: readonly Invalidity[],
): Analysis['verdict'] => ({ ...kindOf(end, objectives, invalid), objectives, invalid });

const kindOf = (
  end: RunEnd | undefined,
  objectives: readonly ObjectiveResult[],
  invalid: readonly Invalidity[],
): Pick<Analysis['verdict'], 'kind' | 'exitCode'> => {
  switch (end?.why) {
    case 'interrupted':
      return { kind: 'partial', exitCode: 130 };
    case 'terminated':
      return { kind: 'partial', exitCode: 143 };
    case 'failed':
      return { kind: 'partial', exitCode: 3 };
    case 'spend-limit':
    case undefined:
      return { kind: 'partial', exitCode: 20 };
    case 'finished':
      break;
  }
  if (invalid.length > 0) return { kind: 'invalid', exitCode: 20 };
  const has = (decision: ObjectiveResult['decision']): boolean =>
    objectives.some((it) => it.decision === decision);
  if (has('undecided')) return { kind: 'undecided', exitCode: 20 };
  if (has('missed')) return { kind: 'missed', exitCode: 99 };
  return { kind: objectives.length === 0 ? 'no-objectives' : 'passed', exitCode: 0 };
};
