/** A fault as somebody says it outside of a file: read, or what is wrong with it. */

import Value from 'typebox/value';

import { faultKinds } from './kind/list.ts';
import { faultProblems } from './problem.ts';
import { type FaultSpec, faultSchema } from './schema.ts';

/** The kinds that happen on the way to a backend, or to its box. */
export const wayKinds: readonly string[] = faultKinds
  .filter((kind) => !kind.isProcess && !('onReader' in kind) && !('onLookup' in kind))
  .map(({ kind }) => kind);

export type SpokenFault =
  | { readonly spec: FaultSpec }
  | { readonly problem: string; readonly hint: string };

/** Reads a fault that is to begin now. */
export const readSpoken = (said: unknown): SpokenFault => {
  const words = typeof said === 'object' && said !== null ? said : {};
  const fault = { at: '0 s', ...words };
  const kind = 'kind' in fault && typeof fault.kind === 'string' ? fault.kind : '';
  const known = faultKinds.find((it) => it.kind === kind);
  if (known && !wayKinds.includes(kind))
    return known.isProcess
      ? {
          problem: `\`${kind}\` runs commands, which only a scenario may name`,
          hint: 'Write it in `faults:` of a scenario, and run that with --allow-exec.',
        }
      : {
          problem: `\`${kind}\` does not happen on the way to a backend`,
          hint: 'Write it in `faults:` of a scenario.',
        };
  if (!known)
    return {
      problem: `no kind of fault is called '${kind}'`,
      hint: `There are: ${wayKinds.join(', ')}.`,
    };
  if (!Value.Check(faultSchema, fault)) {
    const [first] = Value.Errors(faultSchema, fault);
    const key = first?.instancePath.slice(1) ?? '';
    const found = Object.entries(fault).find(([name]) => name === key)?.[1];
    return {
      problem: `${key}: this cannot be read: ${JSON.stringify(found)}`,
      hint: 'Write durations with their unit (15s, 300ms), and words as in `faults:` of a scenario.',
    };
  }
  const [wrong] = faultProblems(fault);
  return wrong ? { problem: `${wrong.key}: ${wrong.problem}`, hint: wrong.hint } : { spec: fault };
};
