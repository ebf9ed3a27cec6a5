/**
 * The log of one arm, sorted and joined.
 *
 * Entries come in no particular order. What belongs to one exchange carries its trace id:
 *
 *     exchange ⇄ attempts ⇄ acts of faults ⇄ generations of simulated backends
 *
 * Everything is put into an order that does not depend on that of the log, so that two logs with
 * the same entries give the same report.
 */

import { type Channel, decodeChunks } from '../log/chunk-code.ts';
import type {
  Attempt,
  CircuitChange,
  Exchange,
  FaultAct,
  FaultArmed,
  Generation,
  LogEntry,
  PhaseBegun,
  Probe,
  Sample,
  SuiteRow,
} from '../log/entry.ts';
import type { RunLog } from '../log/reader.ts';
import { withOwners, withTrials } from './outside.ts';

type Phase = 'warmup' | 'steady' | 'cooldown';

/** A span of time; `until` is not in it. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** One exchange with everything that carries its trace id. */
export interface ExchangeTrace {
  readonly exchange: Exchange;
  readonly phase: Phase;
  /** In the order they were made, probes left out. */
  readonly attempts: readonly Attempt[];
  readonly acts: readonly FaultAct[];
  readonly generations: readonly Generation[];
  /** Instants of the chunks. */
  readonly chunkAts: Float64Array;
  readonly chunkCounts: Readonly<Record<Channel, number>>;
}

export interface ArmLog {
  readonly arm: string;
  /** From the arm's first phase to its last sign of life. */
  readonly whole: Span;
  /** Absent when the arm did not get that far. */
  readonly steady?: Span;
  /** By workload. */
  readonly loops: ReadonlyMap<string, 'open' | 'closed' | 'scripted'>;
  readonly exchanges: readonly ExchangeTrace[];
  readonly attempts: readonly Attempt[];
  readonly armed: readonly FaultArmed[];
  readonly acts: readonly FaultAct[];
  readonly phases: readonly PhaseBegun[];
  readonly samples: readonly Sample[];
  readonly circuits: readonly CircuitChange[];
  readonly probes: readonly Probe[];
}

/** The logs of a run's arms, in the order of the manifest. */
export const armLogs = ({ manifest, entries }: RunLog): ArmLog[] =>
  manifest.arms.map((arm) => {
    const own = entries.filter((entry) => entry.kind !== 'end' && entry.arm === arm);
    const loops = manifest.plan
      .filter((it) => it.arm === arm)
      .map(({ workload, loop }) => [workload, loop] as const);
    return armLog(arm, own, new Map(loops), manifest.suite?.rows ?? []);
  });

/** The length of a span in seconds. */
export const secondsOf = ({ from, until }: Span): number => (until - from) / 1000;

export const isWithin = (at: number, { from, until }: Span): boolean => at >= from && at < until;

/** Whether an answer came, whole or cut short by a limit that said so. */
export const isAnswered = ({ outcome }: Exchange): boolean =>
  outcome === 'completed' || outcome === 'incomplete';

/** Whether it counts in a share: it was sent, and not called off. */
export const isCounted = ({ outcome }: Exchange): boolean =>
  outcome !== 'cancelled' && outcome !== 'dropped';

/** Who the exchange belongs to, for resampling. */
export const sessionOf = ({ workload, session }: Exchange): string => `${workload} ${session}`;

const armLog = (
  arm: string,
  entries: readonly LogEntry[],
  loops: ArmLog['loops'],
  rows: readonly SuiteRow[],
): ArmLog => {
  const phases = ofKind(entries, 'phase').sort(
    (one, other) => one.at - other.at || phaseOrder(one) - phaseOrder(other),
  );
  const attempts = ofKind(entries, 'attempt').sort(
    (one, other) =>
      one.startedAt - other.startedAt ||
      order(one.trace, other.trace) ||
      one.attempt - other.attempt,
  );
  const sent = ofKind(entries, 'exchange');
  // Attempts of our own proxy say whose they are; of a foreign one it may take the time to tell.
  const owned = <Entry extends FaultAct | Generation>(own: readonly Entry[]): Entry[] =>
    attempts.length > 0 ? [...own] : withOwners(own, sent);
  const acts = withTrials(owned(ofKind(entries, 'act')), sent, rows).sort(
    (one, other) =>
      one.at - other.at || one.fault - other.fault || order(one.trace ?? '', other.trace ?? ''),
  );
  const generations = owned(ofKind(entries, 'generation')).sort(
    (one, other) =>
      one.receivedAt - other.receivedAt ||
      order(one.backend, other.backend) ||
      order(one.trace ?? '', other.trace ?? ''),
  );
  const exchanges = sent.sort(
    (one, other) => one.scheduledAt - other.scheduledAt || order(one.trace, other.trace),
  );
  const last = Math.max(0, ...phases.map(({ at }) => at), lastEnd(exchanges));
  const steady = steadyOf(phases, last);
  const attemptsByTrace = byTrace(attempts.filter(({ cause }) => cause !== 'probe'));
  const actsByTrace = byTrace(acts);
  const generationsByTrace = byTrace(generations);

  return {
    arm,
    whole: { from: phases[0]?.at ?? exchanges[0]?.scheduledAt ?? 0, until: last },
    ...(steady && { steady }),
    loops,
    exchanges: exchanges.map((exchange) =>
      Object.assign(chunksOf(exchange), {
        exchange,
        phase: phaseOf(exchange.scheduledAt, steady),
        attempts: (attemptsByTrace.get(exchange.trace) ?? []).toSorted(
          (one, other) => one.attempt - other.attempt,
        ),
        acts: actsByTrace.get(exchange.trace) ?? [],
        generations: generationsByTrace.get(exchange.trace) ?? [],
      }),
    ),
    attempts,
    armed: ofKind(entries, 'fault').sort(
      (one, other) => one.fault - other.fault || one.from - other.from,
    ),
    acts,
    phases,
    ...observedIn(entries),
  };
};

/** What was seen of the machine and the proxy, whoever asked. */
const observedIn = (
  entries: readonly LogEntry[],
): Pick<ArmLog, 'samples' | 'circuits' | 'probes'> => ({
  samples: ofKind(entries, 'sample').sort(
    (one, other) => one.at - other.at || order(one.where, other.where),
  ),
  circuits: ofKind(entries, 'circuit').sort(
    (one, other) => one.at - other.at || order(one.backend, other.backend),
  ),
  probes: ofKind(entries, 'probe').sort(
    (one, other) => one.startedAt - other.startedAt || order(one.backend, other.backend),
  ),
});

const ofKind = <Kind extends LogEntry['kind']>(
  entries: readonly LogEntry[],
  kind: Kind,
): Extract<LogEntry, { readonly kind: Kind }>[] =>
  entries.filter(
    (entry): entry is Extract<LogEntry, { readonly kind: Kind }> => entry.kind === kind,
  );

const byTrace = <Entry extends { readonly trace?: string }>(
  entries: readonly Entry[],
): Map<string, Entry[]> => Map.groupBy(entries, ({ trace }) => trace ?? '');

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

const phaseNames: readonly PhaseBegun['name'][] = ['warmup', 'steady', 'cooldown', 'done'];
const phaseOrder = ({ name }: PhaseBegun): number => phaseNames.indexOf(name);

/** A loop, because a spread over many exchanges would exhaust the stack. */
const lastEnd = (exchanges: readonly Exchange[]): number => {
  let last = 0;
  for (const { endedAt } of exchanges) last = Math.max(last, endedAt);
  return last;
};

/** An interrupted arm is steady until its last sign of life. */
const steadyOf = (phases: readonly PhaseBegun[], last: number): Span | undefined => {
  const from = phases.find(({ name }) => name === 'steady')?.at;
  if (from === undefined) return undefined;
  const until = phases.find(({ name }) => name === 'cooldown' || name === 'done')?.at ?? last;
  return { from, until };
};

const phaseOf = (at: number, steady: Span | undefined): Phase => {
  if (!steady || at < steady.from) return 'warmup';
  return at < steady.until ? 'steady' : 'cooldown';
};

const chunksOf = (exchange: Exchange): Pick<ExchangeTrace, 'chunkAts' | 'chunkCounts'> => {
  const { chunks: code, firstTokenAt } = exchange;
  const chunks =
    code === undefined || firstTokenAt === undefined ? [] : decodeChunks(code, firstTokenAt);
  const chunkCounts = { text: 0, reasoning: 0, arguments: 0, refusal: 0 };
  for (const { channel } of chunks) chunkCounts[channel]++;
  return { chunkAts: Float64Array.from(chunks, ({ at }) => at), chunkCounts };
};
