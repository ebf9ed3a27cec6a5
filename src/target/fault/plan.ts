/**
 * From what the scenario file says to what is armed: every default filled in, every instant in
 * milliseconds since the arm's origin. Pure.
 */

import type { FaultArmed } from '../../log/entry.ts';
import { seeded } from '../../random/random.ts';
import { parseDuration } from '../../time/duration.ts';
import type { FaultAddress, FaultWindow, FaultWords, PlannedFault } from './fault.ts';
import { kindOf } from './kind/list.ts';
import type { FaultSpec } from './schema.ts';
import { spansUntil } from './window.ts';

/**
 * Plans the faults of an arm, in the order of the file. Each backend, address and offset becomes a
 * fault of its own; what belongs to one entry keeps its index. `seed` is for phases left to chance.
 */
export const planFaults = (specs: readonly FaultSpec[], seed = ''): PlannedFault[] =>
  specs.flatMap((spec, index) =>
    backendsOf(spec).flatMap((backend) => {
      const addresses = addressesOf(spec);
      const common = commonOf(spec, index, backend);
      const placed: PlannedFault[] =
        addresses.length === 0
          ? [{ ...common, ...windowOf(spec, index, seed) }]
          : addresses.map((it) => addressed(common, it));
      return placed.flatMap((fault) => swept(fault, spec));
    }),
  );

/** The backends an entry names. */
export const backendsOf = (spec: FaultSpec): readonly string[] => {
  const { backend, backends = [] } = spec;
  if (kindOf(spec).onReader) return [readerName];
  return [...(backend === undefined ? [] : [backend]), ...backends];
};

/** Stands in place of a backend where it is the reader who does something. */
const readerName = 'the reader';

/** Whether a fault is done by the one who asks, and so before the proxy. */
export const isReaderFault = ({ action }: Pick<PlannedFault, 'action'>): boolean =>
  kindOf(action).onReader !== undefined;

/** One sentence for people: `spark resets the connection after 20 tokens, from 60 s for 30 s`. */
export const describeFault = (spec: FaultSpec): string => {
  const kind = kindOf(spec);
  const path = spec.path === undefined ? '' : ` (address ${spec.path})`;
  const who = backendsOf(spec).join(' and ') + path;
  const tokens =
    spec.afterBytes !== undefined
      ? ` after ${spec.afterBytes} bytes`
      : spec.afterTokens === undefined
        ? ''
        : ` after ${spec.afterTokens} tokens`;
  const share =
    spec.probability === undefined ? '' : `, on ${spec.probability * 100} % of attempts`;
  const addresses = addressesOf(spec);
  const where = addresses.map((it) => describeAddress(it, it.afterTokens ?? spec.afterTokens));
  const lasts = msOf(spec.for);
  const every = msOf(spec.every);
  const window =
    `from ${(msOf(spec.at) ?? 0) / 1000} s${lasts === undefined ? ' on' : ` for ${lasts / 1000} s`}` +
    (every === undefined ? '' : ` every ${every / 1000} s`);

  return addresses.length > 0
    ? `${who} ${kind.describe(wordsOf(spec))} at ${where.join(', ')}${share}`
    : `${who} ${kind.describe(wordsOf(spec))}${tokens}, ${window}${share}`;
};

/** Whether the fault can act on a backend reached by TLS, where only bytes and sockets are seen. */
export const worksOnTls = (fault: PlannedFault): boolean =>
  kindOf(fault.action).sees === 'bytes' &&
  fault.address === undefined &&
  fault.when !== 'first-token' &&
  fault.afterTokens <= 1 &&
  fault.action.tokensPerSecond === undefined &&
  !(fault.action.kind === 'slow' && fault.ramp !== undefined);

/**
 * What the log says of the faults armed in one arm. `origin` is the arm's, `endsAt` its last
 * instant at most: an open window is closed there, since a log holds no infinity.
 */
export const armedEntries = (
  faults: readonly PlannedFault[],
  arm: { readonly name: string; readonly origin: number; readonly endsAt: number },
): readonly FaultArmed[] =>
  firstOfSweeps(faults).flatMap((fault) =>
    spansUntil(fault, arm.endsAt - arm.origin).map(({ from, until }) => ({
      kind: 'fault',
      arm: arm.name,
      fault: fault.index,
      what: fault.action.kind,
      backend: fault.backend,
      from: arm.origin + from,
      until: arm.origin + until,
      when: fault.when,
      ...(fault.address ? { address: describeAddress(fault.address, fault.afterTokens) } : {}),
    })),
  );

/** The offsets of a sweep are one fault to a reader. */
const firstOfSweeps = (faults: readonly PlannedFault[]): readonly PlannedFault[] => {
  const seen = new Set<string>();
  return faults.filter(({ index, backend, address, afterTokens }) => {
    const key = JSON.stringify([index, backend, address, address ? afterTokens : 0]);
    return !seen.has(key) && seen.add(key);
  });
};

const describeAddress = (address: FaultAddress, afterTokens: number | undefined): string =>
  `${address.workload === undefined ? '' : `w${address.workload} `}s${address.session} ` +
  `t${address.turn}${afterTokens === undefined ? '' : ` @${afterTokens}`}`;

type Common = Omit<PlannedFault, 'from' | 'until' | 'wave' | 'address'>;

const commonOf = (spec: FaultSpec, index: number, backend: string): Common => {
  const kind = kindOf(spec);
  // A count of bytes is reached in the middle of an answer, wherever that is.
  const when = spec.when ?? (isByBytes(spec) ? 'mid-stream' : kind.moments[0]);
  const ramp = rampOf(spec);
  return {
    index,
    backend,
    ...(spec.path === undefined ? {} : { path: spec.path }),
    action: { kind: kind.kind, ...wordsOf(spec) },
    when,
    afterTokens: spec.afterTokens ?? (when === 'mid-stream' ? kind.afterTokens : 0),
    ...(spec.afterBytes === undefined ? {} : { afterBytes: spec.afterBytes }),
    ...(ramp === undefined ? {} : { ramp }),
    probabilityRatio: spec.probability ?? 1,
    timesMax: spec.times ?? Number.POSITIVE_INFINITY,
  };
};

const isByBytes = ({ afterBytes, sweep }: FaultSpec): boolean =>
  afterBytes !== undefined || sweep?.afterBytes !== undefined;

const addressed = (
  common: Common,
  { workload, session, turn, afterTokens }: FaultAddress & { readonly afterTokens?: number },
): PlannedFault => ({
  ...common,
  from: 0,
  until: Number.POSITIVE_INFINITY,
  address: { ...(workload === undefined ? {} : { workload }), session, turn },
  ...(afterTokens === undefined ? {} : { afterTokens }),
});

const addressesOf = ({ address, addresses = [] }: FaultSpec) => [
  ...(address ? [address] : []),
  ...addresses,
];

const windowOf = (spec: FaultSpec, index: number, seed: string): FaultWindow => {
  const periodMs = msOf(spec.every);
  const lastsMs = msOf(spec.for) ?? Number.POSITIVE_INFINITY;
  const shift = seeded(seed).fork(`phase of fault ${index}`).next() * (periodMs ?? 0);
  const from = (msOf(spec.at) ?? 0) + (spec.phase === 'random' ? shift : 0);
  const end = msOf(spec.until) ?? Number.POSITIVE_INFINITY;
  return periodMs === undefined
    ? { from, until: Math.min(from + lastsMs, end) }
    : { from, until: end, wave: { periodMs, lastsMs } };
};

/** One fault for each offset of a sweep, each of which acts once. */
const swept = (fault: PlannedFault, { sweep }: FaultSpec): readonly PlannedFault[] => {
  const bytes = sweep?.afterBytes;
  const range = bytes ?? sweep?.afterTokens;
  if (!range) return [fault];
  const { from, to, step = 1 } = range;
  const count = Math.max(0, Math.floor((to - from) / step) + 1);
  return Array.from({ length: count }, (_, at) => ({
    ...fault,
    ...(bytes ? { afterBytes: from + at * step } : { afterTokens: from + at * step }),
    timesMax: 1,
  }));
};

const rampOf = ({ ramp }: FaultSpec): PlannedFault['ramp'] =>
  ramp && { from: msOf(ramp.from) ?? 0, to: msOf(ramp.to) ?? 0 };

const wordsOf = (spec: FaultSpec): FaultWords => {
  const durations = {
    delayMs: msOf(spec.delay),
    jitterMs: msOf(spec.jitter),
    stallMs: msOf(spec.stall),
    holdMs: msOf(spec.hold),
  };
  const { tokensPerSecond, bytesPerSecond, segmentBytes, slowdown, status, headers, body } = spec;
  const { preset, form, location, command, heal } = spec;
  const rates = { tokensPerSecond, bytesPerSecond, slowdown };
  const plain = { ...rates, segmentBytes, status, headers, body };
  const named = { preset, form, location, command, heal };
  return Object.fromEntries(
    Object.entries({ ...durations, ...plain, ...named }).filter(([, value]) => value !== undefined),
  );
};

const msOf = (written: string | number | undefined): number | undefined =>
  written === undefined ? undefined : parseDuration(written);
