/**
 * The resolving of names, as faults will have it: for the names that shims are dialled by, and for
 * no others.
 *
 *     spark-1.simulated ──▶ a fault? ──▶ its error, its silence, or its addresses
 *                               └── none ──▶ the shim's own address
 *
 * A dead address is one at which connecting hangs, where somebody has taken its port for that
 * (`dead`), and a refusing one has no listener; both are loopback addresses of this machine, so
 * nothing leaves it. The true address comes as IPv6, mapped, where it stands behind a dead one.
 */

import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

import type { FaultAct } from '../../log/entry.ts';
import type { Random } from '../../random/random.ts';
import type { Clock } from '../../time/clock.ts';
import { FaultDecision } from './decision.ts';
import type { PlannedFault } from './fault.ts';
import type { NameAnswer } from './kind/kind.ts';
import { kindOf } from './kind/list.ts';

/** What a name stands for: an address of a backend, by its place from 1. */
export interface NamedPath {
  readonly backend: string;
  readonly path: number;
}

export interface FaultyLookupParts {
  readonly names: Readonly<Record<string, NamedPath>>;
  readonly faults: readonly PlannedFault[];
  readonly clock: Clock;
  readonly random: Random;
  /** The run's arm is added by the receiver. */
  readonly emit: (entry: Omit<FaultAct, 'arm'>) => void;
}

export interface FaultyLookup {
  readonly lookup: LookupFunction;
  /** The arm begins at this instant of the clock. */
  arm(origin: number): void;
}

/** Where nobody answers, if somebody has taken the port there; on other systems nobody listens. */
export const deadHost = '127.0.0.2';

const liveHost = '127.0.0.1';

const addressOf: Readonly<Record<'dead' | 'refused', LookupAddress>> = {
  dead: { address: deadHost, family: 4 },
  refused: { address: '127.0.0.3', family: 4 },
};

/** Whether a fault is done to a name, and so beside the shim. */
export const isNameFault = ({ action }: PlannedFault): boolean =>
  kindOf(action).onLookup !== undefined;

/** Resolves names through their faults; nothing is wrong with them before it is armed. */
export const faultyLookup = (parts: FaultyLookupParts): FaultyLookup => {
  const { names, clock, emit } = parts;
  let origin = Number.POSITIVE_INFINITY;
  let decisions = decisionsOf(parts);
  const answerOf = (host: string, { backend }: NamedPath): NameAnswer => {
    const acts =
      decisions
        .get(host)
        ?.attempt()
        .onConnect(clock.now() - origin) ?? [];
    let answer: NameAnswer = { kind: 'addresses', addresses: ['live'] };
    for (const { fault, words } of acts) {
      const what = kindOf(fault.action);
      emit({ kind: 'act', fault: fault.index, what: what.kind, backend, at: clock.now() });
      answer = what.onLookup?.(words) ?? answer;
    }
    return answer;
  };

  return {
    lookup: (host, options, callback) => {
      const named = names[host];
      if (!named) {
        systemLookup(host, options, callback);
        return;
      }
      const answer = answerOf(host, named);
      // As a resolver does, never before it has returned.
      queueMicrotask(() => tell(host, answer, options.all === true, callback));
    },
    arm: (instant) => {
      origin = instant;
      decisions = decisionsOf(parts);
    },
  };
};

const decisionsOf = ({ names, faults, random }: FaultyLookupParts) =>
  new Map(
    Object.entries(names).map(([host, { backend, path: own }]) => {
      const meant = faults.filter(
        (fault) => isNameFault(fault) && fault.backend === backend && (fault.path ?? own) === own,
      );
      return [host, new FaultDecision(meant, random.fork(host))] as const;
    }),
  );

const tell = (
  host: string,
  answer: NameAnswer,
  isAll: boolean,
  callback: Parameters<LookupFunction>[2],
): void => {
  if (answer.kind === 'silent') return;
  if (answer.kind === 'error') {
    const { code, call: syscall } = answer;
    callback(Object.assign(new Error(`${syscall} ${code} ${host}`), { code, syscall }), []);
    return;
  }
  const isSecond = answer.addresses.length > 1;
  const addresses = answer.addresses.map((it): LookupAddress => {
    if (it !== 'live') return addressOf[it];
    return isSecond
      ? { address: `::ffff:${liveHost}`, family: 6 }
      : { address: liveHost, family: 4 };
  });
  const [first] = addresses;
  if (isAll) callback(null, addresses);
  else callback(null, first?.address ?? liveHost, first?.family ?? 4);
};
