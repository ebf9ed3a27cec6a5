/** What may be ordered of a hybrid that is live: break a backend, mend it, say what is broken. */

import type { PlannedFault } from '../target/fault/fault.ts';
import { describeFault, planFaults } from '../target/fault/plan.ts';
import type { FaultSpec } from '../target/fault/schema.ts';
import { readSpoken, wayKinds } from '../target/fault/spoken.ts';
import type { Answer } from './correspondence.ts';
import type { InForceNote } from './live-fault.ts';
import { RunError } from './run-error.ts';

/** An order that cannot be carried out as it was said. */
class OrderError extends RunError {
  override readonly name = 'OrderError';
}

export type LiveOrder =
  | { readonly kind: 'list' }
  | { readonly kind: 'heal'; readonly backend: string }
  /** An entry as in `faults:` of a scenario, without `at`. */
  | { readonly kind: 'arm'; readonly fault: Readonly<Record<string, unknown>> };

/**
 * Carries orders out, and says in words what came of each. `ask` asks the backends; the first fault
 * is given `firstIndex`.
 */
export const liveOrders = (
  backends: readonly string[],
  ask: Answer,
  firstIndex = 0,
): ((order: unknown) => Promise<string>) => {
  let count = 0;
  const inForce = async (): Promise<readonly InForceNote[]> => {
    const notes = await ask('list', undefined);
    return Array.isArray(notes) ? notes : [];
  };
  const heal = async (backend: string): Promise<string> => {
    expectBackend(backend, backends);
    const mended = (await inForce()).filter((it) => it.backend === backend);
    for (const { id } of mended) await ask('disarm', id);
    return mended.length === 0 ? `nothing was wrong with ${backend}` : `${backend} is mended`;
  };
  return async (said) => {
    const order = orderOf(said);
    if (order.kind === 'list') return describeList(backends, await inForce());
    if (order.kind === 'heal') return heal(order.backend);
    const read = readSpoken(order.fault);
    if ('problem' in read) throw new OrderError(read.problem, read.hint);
    const faults = planned(read.spec, firstIndex + count++);
    for (const { backend } of faults) expectBackend(backend, backends);
    await ask('arm', { id: `by hand ${count}`, faults });
    return describeFault(read.spec).replace('from 0 s', 'from now');
  };
};

const expectBackend = (name: string, backends: readonly string[]): void => {
  if (backends.includes(name)) return;
  const hint = `There ${backends.length === 1 ? 'is' : 'are'}: ${backends.join(', ')}.`;
  throw new OrderError(`the system has no backend called '${name}'`, hint);
};

const planned = (spec: FaultSpec, index: number): readonly PlannedFault[] =>
  planFaults([spec]).map((fault) => ({ ...fault, index }));

/** It comes over a socket, from another version perhaps. */
const orderOf = (said: unknown): LiveOrder => {
  if (typeof said === 'object' && said !== null && 'kind' in said) {
    if (said.kind === 'list') return { kind: 'list' };
    if (said.kind === 'heal' && 'backend' in said && typeof said.backend === 'string')
      return { kind: 'heal', backend: said.backend };
    if (said.kind === 'arm' && 'fault' in said && typeof said.fault === 'object' && said.fault)
      return { kind: 'arm', fault: { ...said.fault } };
  }
  throw new RunError('the order was not understood', 'Use one version of spillway on both sides.');
};

const describeList = (backends: readonly string[], notes: readonly InForceNote[]): string =>
  [
    ...backends.map((name) => {
      const broken = notes.filter(({ backend }) => backend === name).map(describeNote);
      return `${name}: ${broken.length === 0 ? 'well' : broken.join('; ')}`;
    }),
    '',
    `kinds, in scenarios/README.md with what each does: ${wayKinds.join(', ')}`,
  ].join('\n');

const describeNote = ({ what, forMs, leftMs }: InForceNote): string =>
  `${what}, begun ${seconds(forMs)} ago${leftMs === undefined ? '' : `, ${seconds(leftMs)} left`}`;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(0)} s`;
