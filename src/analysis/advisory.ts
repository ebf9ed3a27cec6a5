/**
 * Remarks that a reader must know before believing the report. A report without any is a claim.
 */

import type { Manifest, RunEnd } from '../log/entry.ts';
import type { RunLog } from '../log/reader.ts';
import { seeded } from '../random/random.ts';
import type { Advisory, FailoverRow, SummaryRow } from './analysis.ts';
import { type ArmLog, isAnswered, sessionOf } from './arm.ts';
import type { Measured } from './figures.ts';
import { median, resample } from './percentile.ts';
import { latenessOf } from './validity.ts';

/** One arm with everything derived from it. */
export interface ArmResult {
  readonly arm: ArmLog;
  readonly all: readonly Measured[];
  readonly failovers: readonly FailoverRow[];
}

/** Every remark, the gravest first. */
export const advisoriesOf = (
  log: RunLog,
  end: RunEnd | undefined,
  arms: readonly ArmResult[],
  rows: readonly SummaryRow[],
): Advisory[] => [
  ...endRemarks(log, end),
  ...arms.flatMap(({ arm, all }) => leakRemarks(arm, all)),
  ...worstLateness(arms),
  ...arms.flatMap(({ arm, all }) => dropRemarks(arm, all)),
  ...arms.flatMap((it) => driftRemarks(log.manifest, it)),
  ...failureRemarks(arms),
  ...bufferRemarks(arms),
  ...moneyRemarks(log.manifest, arms),
  ...profileRemarks(log.manifest),
  ...withheldRemarks(rows),
  ...seamRemarks(arms),
  ...tokenizerRemarks(log.manifest, arms),
  ...(log.manifest.thinkScale === 1
    ? []
    : [{ kind: 'think-scaled' as const, scale: log.manifest.thinkScale }]),
];

const endRemarks = (
  { isWhole, cutLines, entries }: RunLog,
  end: RunEnd | undefined,
): Advisory[] => {
  // The manifest is a line as well.
  const lines = entries.length + 1;
  const cut: Advisory[] =
    isWhole && cutLines === 0
      ? []
      : [{ kind: 'log-cut', lines, unreadable: cutLines, hasEnd: isWhole }];
  if (end === undefined || end.why === 'finished') return cut;
  return end.why === 'spend-limit'
    ? [...cut, { kind: 'spend-limit' }]
    : [...cut, { kind: 'interrupted', why: end.message ?? end.why }];
};

const leakRemarks = ({ arm }: ArmLog, all: readonly Measured[]): Advisory[] => {
  const count = all.filter(({ figures }) => figures.isLeaked).length;
  return count === 0 ? [] : [{ kind: 'leaked', arm, count }];
};

/** Of several arms the latest: one harness drove them all. */
const worstLateness = (arms: readonly ArmResult[]): Advisory[] =>
  arms
    .flatMap(({ arm, all }) => latenessOf(arm, all) ?? [])
    .sort((one, other) => other.lateMs - one.lateMs)
    .slice(0, 1);

const dropRemarks = ({ arm }: ArmLog, all: readonly Measured[]): Advisory[] => {
  const count = all.filter(({ trace }) => trace.exchange.outcome === 'dropped').length;
  return count === 0 ? [] : [{ kind: 'arrivals-dropped', arm, count }];
};

/** Less than this between the halves is of no account, however sure. */
const driftRatioMin = 0.1;

/**
 * Both halves of the steady phase must tell the same median. A drift is named when each lies
 * outside the other's interval and they are a tenth apart. Faults make halves differ on purpose.
 */
const driftRemarks = ({ seed }: Manifest, { arm, all }: ArmResult): Advisory[] => {
  const { steady } = arm;
  if (!steady || arm.armed.length > 0) return [];
  const middle = (steady.from + steady.until) / 2;
  const values = all.flatMap(({ trace, figures }) =>
    trace.phase === 'steady' && figures.ttfoMs !== undefined
      ? [
          {
            value: figures.ttfoMs,
            session: sessionOf(trace.exchange),
            isFirst: trace.exchange.scheduledAt < middle,
          },
        ]
      : [],
  );
  const halves = [true, false].map((isFirst) => {
    const half = values.filter((it) => it.isFirst === isFirst);
    const random = seeded(seed).fork('drift').fork(`${arm.arm} ${isFirst}`);
    return {
      value: median(half.map(({ value }) => value)),
      interval: resample(half, [0.5], random)?.percentiles[0],
    };
  });
  const [first, second] = halves;
  if (!first?.interval || !second?.interval) return [];
  if (first.value === undefined || second.value === undefined) return [];
  const [low, high] = first.interval;
  const [otherLow, otherHigh] = second.interval;
  const isApart = high < otherLow || otherHigh < low;
  const isMuch = Math.abs(second.value - first.value) > driftRatioMin * first.value;

  return isApart && isMuch
    ? [{ kind: 'drift', arm: arm.arm, firstHalfMs: first.value, secondHalfMs: second.value }]
    : [];
};

/** Failures that no fault explains and that one backend alone made. */
const failureRemarks = (arms: readonly ArmResult[]): Advisory[] => {
  const faulted = new Set(arms.flatMap(({ arm }) => arm.armed.map(({ backend }) => backend)));
  const failed = arms.flatMap(({ all }) =>
    all.flatMap(({ trace: { exchange, attempts } }) =>
      exchange.outcome === 'failed' || exchange.outcome === 'truncated'
        ? attempts.filter(({ outcome }) => outcome === 'failed').map(({ backend }) => backend)
        : [],
    ),
  );
  const used = new Set(arms.flatMap(({ arm }) => arm.attempts.map(({ backend }) => backend)));
  const [backend, ...others] = new Set(failed);
  return backend !== undefined &&
    others.length === 0 &&
    failed.length > 1 &&
    used.size > 1 &&
    !faulted.has(backend)
    ? [{ kind: 'one-backend-failures', backend, count: failed.length }]
    : [];
};

/** What a fault of ours held back comes in a burst as well, and says nothing of the backend. */
const bufferRemarks = (arms: readonly ArmResult[]): Advisory[] => {
  const buffered = arms.flatMap(({ all, failovers }) => {
    const faulted = new Set(failovers.map(({ trace }) => trace));
    return all.flatMap(({ trace, figures, backend }) =>
      figures.isBuffered && backend && !faulted.has(trace.exchange.trace) ? [backend] : [],
    );
  });
  const answers = [...Map.groupBy(buffered, (backend) => backend)]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([backend, { length: count }]) => ({ backend, count }));
  return answers.length === 0 ? [] : [{ kind: 'buffered', answers }];
};

/** A price list older than this may have changed. */
const priceAgeMsMax = 90 * 24 * 3600 * 1000;

const moneyRemarks = (manifest: Manifest, arms: readonly ArmResult[]): Advisory[] => {
  const attempts = arms.flatMap(({ arm }) => arm.attempts);
  const unpriced = attempts.filter(
    ({ residency, costUsd, tokensReceived }) =>
      residency === 'cloud' && costUsd === undefined && tokensReceived > 0,
  );
  const models = new Map(
    unpriced.map(({ backend, model }) => [`${backend} ${model}`, { backend, model }]),
  );
  const estimated = attempts.filter(({ isUsageEstimated }) => isUsageEstimated === true).length;
  const oldest = [...manifest.prices, ...manifest.counterfactuals.map(({ price }) => price)]
    .map(({ asOf }) => asOf)
    .sort()[0];
  const isOld =
    oldest !== undefined && Date.parse(manifest.startedAt) - Date.parse(oldest) > priceAgeMsMax;

  return [
    ...[...models]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, { backend, model }]): Advisory => ({ kind: 'no-price', backend, model })),
    ...(estimated > 0 ? [{ kind: 'usage-estimated' as const, count: estimated }] : []),
    ...(isOld ? [{ kind: 'price-old' as const, asOf: oldest }] : []),
  ];
};

const profileRemarks = ({ backends }: Manifest): Advisory[] =>
  backends.flatMap(({ name, profileBasis }) =>
    profileBasis !== undefined && /extrapolated|derived/.test(profileBasis)
      ? [{ kind: 'extrapolated-profile' as const, backend: name, basis: profileBasis }]
      : [],
  );

/** The median and the 90th percentile are what decisions stand on; p99 is missing in most runs. */
const withheldRemarks = (rows: readonly SummaryRow[]): Advisory[] => {
  const count = rows.filter(
    ({ withheld, where, stat }) =>
      withheld?.why === 'too-few' && where === 'all' && (stat === 'p50' || stat === 'p90'),
  ).length;
  return count === 0 ? [] : [{ kind: 'figures-withheld', count }];
};

/** Numbers show that no token was lost at a seam; whether the text reads on, nobody measured. */
const seamRemarks = (arms: readonly ArmResult[]): Advisory[] =>
  arms.some(({ failovers }) => failovers.some(({ outcome }) => outcome === 'continued'))
    ? [{ kind: 'seam-quality-unmeasured' }]
    : [];

/** Tokens per second of real backends at home and away are counted by different tokenizers. */
const tokenizerRemarks = ({ backends }: Manifest, arms: readonly ArmResult[]): Advisory[] => {
  const answering = new Set(
    arms.flatMap(({ all }) =>
      all.flatMap(({ trace, backend }) => (isAnswered(trace.exchange) && backend) || []),
    ),
  );
  const real = backends.filter(({ name, isSimulated }) => answering.has(name) && !isSimulated);
  return new Set(real.map(({ residency }) => residency)).size > 1
    ? [{ kind: 'tokenizer-differs', backends: real.map(({ name }) => name) }]
    : [];
};
