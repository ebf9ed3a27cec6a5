/** What may be ordered of a hybrid that is live: break a backend, mend it, say what is broken. */

import Value from 'typebox/value';

import type { PlannedFault } from '../target/fault/fault.ts';
import { faultKinds } from '../target/fault/kind/list.ts';
import { describeFault, planFaults } from '../target/fault/plan.ts';
import { faultProblems } from '../target/fault/problem.ts';
import { type FaultSpec, faultSchema } from '../target/fault/schema.ts';
import type { Answer } from './correspondence.ts';
import type { InForceNote } from './live-fault.ts';
import { RunError } from './run-error.ts';

export type LiveOrder =
  | { readonly kind: 'list' }
  | { readonly kind: 'heal'; readonly backend: string }
  /** An entry as in `faults:` of a scenario, without `at`. */
  | { readonly kind: 'arm'; readonly fault: Readonly<Record<string, unknown>> };

/** The kinds that happen on the way to a backend. */
export const kindNames: readonly string[] = faultKinds
  .filter(({ isProcess, onReader, onLookup }) => !isProcess && !onReader && !onLookup)
  .map(({ kind }) => kind);

export interface LiveList {
  readonly backends: readonly string[];
  readonly inForce: readonly InForceNote[];
}

/** Carries orders out. `ask` asks the backends; the first fault is given `firstIndex`. */
export const liveOrders = (
  backends: readonly string[],
  ask: Answer,
  firstIndex = 0,
): ((order: unknown) => Promise<unknown>) => {
  let count = 0;
  const list = async (): Promise<LiveList> => ({
    backends,
    inForce: (await ask('list', undefined)) as readonly InForceNote[],
  });
  const expectBackend = (name: string): void => {
    if (backends.includes(name)) return;
    const hint = `There ${backends.length === 1 ? 'is' : 'are'}: ${backends.join(', ')}.`;
    throw new RunError(`the system has no backend called '${name}'`, hint);
  };
  return async (asked) => {
    const order = asked as LiveOrder;
    if (order.kind === 'list') return list();
    if (order.kind === 'heal') {
      expectBackend(order.backend);
      const { inForce } = await list();
      const mended = inForce.filter(({ backend }) => backend === order.backend);
      for (const { id } of mended) await ask('disarm', id);
      return mended.length === 0
        ? `nothing was wrong with ${order.backend}`
        : `${order.backend} is mended`;
    }
    const spec = readFault(order.fault);
    for (const fault of planned(spec, 0)) expectBackend(fault.backend);
    const faults = planned(spec, firstIndex + count++);
    await ask('arm', { id: `by hand ${count}`, faults });
    return describeFault(spec).replace('from 0 s', 'from now');
  };
};

const planned = (spec: FaultSpec, index: number): readonly PlannedFault[] =>
  planFaults([spec]).map((fault) => ({ ...fault, index }));

const readFault = (said: Readonly<Record<string, unknown>>): FaultSpec => {
  const fault = { at: '0 s', ...said };
  if (!faultKinds.some(({ kind }) => kind === said['kind']))
    throw new RunError(
      `no kind of fault is called '${String(said['kind'])}'`,
      `There are: ${kindNames.join(', ')}.`,
    );
  if (!Value.Check(faultSchema, fault)) {
    const [first] = Value.Errors(faultSchema, fault);
    throw new RunError(
      `the fault cannot be read: ${first?.instancePath ?? ''} ${first?.message ?? ''}`.trim(),
      'Write durations with their unit (15s, 300ms), and words as in `faults:` of a scenario.',
    );
  }
  const [problem] = faultProblems(fault);
  if (problem) throw new RunError(`${problem.key}: ${problem.problem}`, problem.hint);
  return fault;
};
