/**
 * What can be known of a proxy whose attempts are not in the log, without a guess.
 *
 * Our shims and simulated backends stand around a foreign proxy and see what it does:
 *
 *     client ──▶ foreign proxy ──▶ shim ──▶ backend      an act: a try that a fault met
 *                             └──▶ shim ──▶ backend      a generation: a try that arrived
 *
 * A proxy that drops `traceparent` hides whose try it was. Then it belongs to the one exchange that
 * was in flight, if there was but one. Everything else stays unknown.
 */

import type { Exchange, FaultAct, Generation, SuiteRow } from '../log/entry.ts';
import type { ExchangeTrace } from './arm.ts';

/** Gives each act or generation that names no trace that of the one exchange in flight. */
export const withOwners = <Entry extends FaultAct | Generation>(
  entries: readonly Entry[],
  exchanges: readonly Exchange[],
): Entry[] => {
  const anonymous = entries.filter(({ trace }) => trace === undefined);
  const owners = inFlightAt(anonymous.map(instantOf), exchanges);
  return entries.map((entry) => {
    const [owner, another] = (entry.trace === undefined && owners.get(instantOf(entry))) || [];
    return owner && !another ? { ...entry, trace: owner.trace } : entry;
  });
};

const instantOf = (entry: FaultAct | Generation): number =>
  entry.kind === 'act' ? entry.at : entry.receivedAt;

/**
 * The exchanges in flight at each of some instants, by sweeping over time: few are at once, and a
 * suite has tens of thousands of both.
 */
const inFlightAt = (
  instants: readonly number[],
  exchanges: readonly Exchange[],
): ReadonlyMap<number, readonly Exchange[]> => {
  const starts = exchanges
    .map((exchange) => ({ at: exchange.sentAt ?? Infinity, exchange }))
    .sort((one, other) => one.at - other.at);
  const found = new Map<number, readonly Exchange[]>();
  let open: Exchange[] = [];
  let next = 0;
  for (const at of instants.toSorted((one, other) => one - other)) {
    const from = next;
    while ((starts[next]?.at ?? Infinity) <= at) next++;
    const begun = starts.slice(from, next).map(({ exchange }) => exchange);
    open = [...open, ...begun].filter(({ endedAt }) => at <= endedAt);
    found.set(at, open);
  }
  return found;
};

/**
 * Gives each act that names no trace to the trial it was armed for: what meets a connection before
 * it says anything cannot know whose it is, but a suite arms a fault for one exchange at a time.
 */
export const withTrials = (
  acts: readonly FaultAct[],
  exchanges: readonly Exchange[],
  rows: readonly SuiteRow[],
): FaultAct[] => {
  const faulted = exchanges.filter(({ trial }) => trial?.role === 'faulted');
  const byFault = Map.groupBy(faulted, ({ trial }) => rows[trial?.row ?? -1]?.fault);
  return acts.map((act) => {
    if (act.trace !== undefined) return act;
    const [owner, another] = (byFault.get(act.fault) ?? []).filter(
      ({ sentAt, endedAt }) => sentAt !== undefined && sentAt <= act.at && act.at <= endedAt,
    );
    return owner && !another ? { ...act, trace: owner.trace } : act;
  });
};

/** What was seen of an exchange that a fault met at one backend. */
export interface SeenOutside {
  /** Another backend was asked: tS, as late as the request needed to arrive. */
  readonly switchedAt?: number;
  /** The backend that finished the answer. */
  readonly servedBy?: string;
  /** First token of the backend that took over. */
  readonly firstTokenAt?: number;
  /** Tries that met a shim or a backend; absent where a fault keeps them from both. */
  readonly attempts?: number;
}

/** What the shims and backends saw of an exchange after a fault at `backend`. */
export const seenOutside = (
  { acts, generations }: ExchangeTrace,
  backend: string,
  faultAt: number,
  isPortShut: boolean,
): SeenOutside => {
  const elsewhere = generations.filter((it) => it.backend !== backend);
  const next = elsewhere.find(({ receivedAt }) => receivedAt >= faultAt);
  const servedBy = servedOutside(generations);
  const arrived = generations.filter((it) => it.backend === backend);
  // What the fault answered in the backend's place never arrived.
  const kept = acts.filter(
    (it) => it.backend === backend && !arrived.some((generation) => isOneTry(it, generation)),
  );
  const met = kept.length + arrived.length;

  return {
    ...(next && { switchedAt: next.receivedAt }),
    ...(next?.firstTokenAt !== undefined && { firstTokenAt: next.firstTokenAt }),
    ...(servedBy !== undefined && { servedBy }),
    ...(!isPortShut && generations.length > 0 && { attempts: met + elsewhere.length }),
  };
};

/** Between what a shim sees and what the backend behind it sees of one try; a retry takes longer. */
const slackMs = 20;

const isOneTry = ({ at }: FaultAct, { receivedAt, endedAt }: Generation): boolean =>
  receivedAt - slackMs <= at && at <= endedAt + slackMs;

/** The backend whose answer was the last to be whole. */
export const servedOutside = (generations: readonly Generation[]): string | undefined =>
  generations.findLast(({ outcome }) => outcome === 'completed' || outcome === 'length')?.backend;
