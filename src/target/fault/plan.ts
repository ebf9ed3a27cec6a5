/**
 * From what the scenario file says to what is armed: every default filled in, every instant in
 * milliseconds since the arm's origin. Pure.
 */

import assert from 'node:assert/strict';

import type { FaultArmed } from '../../log/entry.ts';
import { parseDuration } from '../../time/duration.ts';
import type { FaultAddress, PlannedFault } from './fault.ts';
import { cut } from './kind/cut.ts';
import { delay } from './kind/delay.ts';
import type { FaultKey, FaultKind, FaultWords } from './kind/kind.ts';
import { refuse } from './kind/refuse.ts';
import { reject } from './kind/reject.ts';
import { reset } from './kind/reset.ts';
import { silent } from './kind/silent.ts';
import { slow } from './kind/slow.ts';
import { stall } from './kind/stall.ts';
import type { FaultSpec } from './schema.ts';

/** Every way of going wrong. To add one: write its file, and name it here and in `schema.ts`. */
export const faultKinds: readonly FaultKind[] = [
  refuse,
  silent,
  delay,
  stall,
  slow,
  reset,
  cut,
  reject,
];

/** Something in an entry that its kind does not allow; `key` is where. */
export interface FaultProblem {
  readonly key: string;
  readonly problem: string;
  readonly hint: string;
}

/** What the schema cannot say: which words go together. */
export const faultProblems = (spec: FaultSpec): readonly FaultProblem[] => {
  const kind = kindOf(spec);
  const isAddressed = spec.address !== undefined || spec.addresses !== undefined;
  const problems: FaultProblem[] = [];
  if (!isAddressed && spec.at === undefined)
    problems.push({
      key: 'at',
      problem: 'expected a window or an address, found neither',
      hint: 'Give `at: 60 s, for: 30 s`, or `address: { session: 1, turn: 1 }`.',
    });
  if (isAddressed && (spec.at !== undefined || spec.for !== undefined))
    problems.push({
      key: spec.at === undefined ? 'for' : 'at',
      problem: 'expected a window or an address, found both',
      hint: 'An addressed fault acts whenever its turn comes: remove `at` and `for`.',
    });
  if (spec.when !== undefined && !kind.moments.includes(spec.when))
    problems.push({
      key: 'when',
      problem: `expected ${kind.moments.join(', ')} for \`${kind.kind}\`, found ${spec.when}`,
      hint: `Remove \`when\` to use ${kind.moments[0]}.`,
    });
  if (kind.needs.length > 0 && kind.needs.every((key) => spec[key] === undefined))
    problems.push({
      key: 'kind',
      problem: `expected ${kind.needs.join(' or ')} with \`${kind.kind}\`, found none`,
      hint: `Add it, for instance \`${kind.needs[0]}: ${exampleOf[kind.needs[0] ?? 'delay']}\`.`,
    });
  for (const key of kindKeys)
    if (spec[key] !== undefined && !kind.needs.includes(key) && !kind.may.includes(key))
      problems.push({
        key,
        problem: `\`${kind.kind}\` has no \`${key}\``,
        hint: 'Remove it, or choose the kind it belongs to.',
      });

  return problems;
};

/** Plans the faults of an arm, in the order of the file. Each address becomes a fault of its own. */
export const planFaults = (specs: readonly FaultSpec[]): PlannedFault[] =>
  specs.flatMap((spec, index) => {
    const addresses = [...(spec.address ? [spec.address] : []), ...(spec.addresses ?? [])];
    if (addresses.length === 0) {
      const from = msOf(spec.at) ?? 0;
      const lasts = msOf(spec.for) ?? Number.POSITIVE_INFINITY;
      return [{ ...common(spec, index), from, until: from + lasts }];
    }
    return addresses.map((it) => planAddressed(spec, index, it));
  });

/** One sentence for people: `spark resets the connection after 20 tokens, from 60 s for 30 s`. */
export const describeFault = (spec: FaultSpec): string => {
  const kind = kindOf(spec);
  const tokens = spec.afterTokens === undefined ? '' : ` after ${spec.afterTokens} tokens`;
  const share =
    spec.probability === undefined ? '' : `, on ${spec.probability * 100} % of attempts`;
  const addresses = [...(spec.address ? [spec.address] : []), ...(spec.addresses ?? [])];
  const where = addresses.map((it) => describeAddress(it, it.afterTokens ?? spec.afterTokens));
  const lasts = msOf(spec.for);
  const window = `from ${(msOf(spec.at) ?? 0) / 1000} s${lasts === undefined ? ' on' : ` for ${lasts / 1000} s`}`;

  return addresses.length > 0
    ? `${spec.backend} ${kind.describe(wordsOf(spec))} at ${where.join(', ')}${share}`
    : `${spec.backend} ${kind.describe(wordsOf(spec))}${tokens}, ${window}${share}`;
};

/** Whether the fault can act on a backend reached by TLS, where only bytes and sockets are seen. */
export const worksOnTls = (fault: PlannedFault): boolean =>
  fault.address === undefined &&
  fault.action.kind !== 'reject' &&
  fault.when !== 'first-token' &&
  fault.afterTokens <= 1 &&
  !(fault.action.kind === 'slow' && fault.action.tokensPerSecond !== undefined);

/**
 * What the log says of the faults armed in one arm. `origin` is the arm's, `endsAt` its last instant
 * at most: an open window is closed there, since a log holds no infinity.
 */
export const armedEntries = (
  faults: readonly PlannedFault[],
  arm: { readonly name: string; readonly origin: number; readonly endsAt: number },
): readonly FaultArmed[] =>
  faults.map((fault) => ({
    kind: 'fault',
    arm: arm.name,
    fault: fault.index,
    what: fault.action.kind,
    backend: fault.backend,
    from: arm.origin + fault.from,
    until: Math.min(arm.origin + fault.until, arm.endsAt),
    when: fault.when,
    ...(fault.address ? { address: describeAddress(fault.address, fault.afterTokens) } : {}),
  }));

const describeAddress = (address: FaultAddress, afterTokens: number | undefined): string =>
  `${address.workload === undefined ? '' : `w${address.workload} `}s${address.session} ` +
  `t${address.turn}${afterTokens === undefined ? '' : ` @${afterTokens}`}`;

const planAddressed = (
  spec: FaultSpec,
  index: number,
  { workload, session, turn, afterTokens }: FaultAddress & { readonly afterTokens?: number },
): PlannedFault => ({
  ...common(spec, index),
  from: 0,
  until: Number.POSITIVE_INFINITY,
  address: { ...(workload === undefined ? {} : { workload }), session, turn },
  ...(afterTokens === undefined ? {} : { afterTokens }),
});

type Common = Omit<PlannedFault, 'from' | 'until' | 'address'>;

const common = (spec: FaultSpec, index: number): Common => {
  const kind = kindOf(spec);
  const when = spec.when ?? kind.moments[0];
  return {
    index,
    backend: spec.backend,
    action: kind.action(wordsOf(spec)),
    when,
    afterTokens: spec.afterTokens ?? (when === 'mid-stream' ? kind.afterTokens : 0),
    probabilityRatio: spec.probability ?? 1,
    timesMax: spec.times ?? Number.POSITIVE_INFINITY,
  };
};

const kindKeys: readonly FaultKey[] = [
  'delay',
  'stall',
  'tokensPerSecond',
  'bytesPerSecond',
  'status',
  'headers',
  'body',
];

const exampleOf: Readonly<Record<FaultKey, string>> = {
  delay: '2 s',
  stall: '5 s',
  tokensPerSecond: '2',
  bytesPerSecond: '500',
  status: '503',
  headers: '{ retry-after: "5" }',
  body: 'busy',
};

const kindOf = (spec: FaultSpec): FaultKind => {
  const kind = faultKinds.find((it) => it.kind === spec.kind);
  assert.ok(kind, `no kind of fault is called ${spec.kind}`);

  return kind;
};

const wordsOf = (spec: FaultSpec): FaultWords => {
  const delayMs = msOf(spec.delay);
  const stallMs = msOf(spec.stall);
  return {
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(stallMs === undefined ? {} : { stallMs }),
    ...(spec.tokensPerSecond === undefined ? {} : { tokensPerSecond: spec.tokensPerSecond }),
    ...(spec.bytesPerSecond === undefined ? {} : { bytesPerSecond: spec.bytesPerSecond }),
    ...(spec.status === undefined ? {} : { status: spec.status }),
    ...(spec.headers === undefined ? {} : { headers: spec.headers }),
    ...(spec.body === undefined ? {} : { body: spec.body }),
  };
};

const msOf = (written: string | number | undefined): number | undefined =>
  written === undefined ? undefined : parseDuration(written);
