/** What a report remarks on, in English: sentences made from what the analysis found. */

import type {
  Advisory,
  FailbackRow,
  Invalidity,
  Lateness,
  Withheld,
} from '../../analysis/analysis.ts';
import { decimal, milliseconds, percent } from '../format.ts';

/** So many of something. */
export const count = (count: number, one: string, many = `${one}s`): string =>
  `${decimal(count)} ${count === 1 ? one : many}`;

/** `a, b and c`. */
const listed = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;

/** Why a figure is not given. */
export const withheld = (reason: Withheld): string => {
  switch (reason.why) {
    case 'too-few':
      return `withheld: n = ${decimal(reason.n)}, needs ${decimal(reason.floor)}`;
    case 'no-data':
      return 'no data';
    case 'buffered':
      return 'withheld: the answers came in bursts, not as they were generated';
    case 'unknown-outside':
      return 'unknown: cannot be seen from outside this proxy';
    case 'no-price':
      return `withheld: no price known for ${reason.model}`;
    case 'no-fx':
      return 'withheld: no exchange rate given';
  }
};

const mostOrPercentile = ({ isPercentile, lateMs, sentCount }: Lateness): string =>
  `${isPercentile ? 'p99' : 'at most'} ${milliseconds(lateMs)}, n ${decimal(sentCount)}`;

/** Why the run cannot be trusted. */
export const invalidity = (why: Invalidity): string => {
  switch (why.kind) {
    case 'harness-late':
      return (
        `The harness itself was late in arm ${why.arm}: ${decimal(why.lateCount)} of ` +
        `${count(why.sentCount, 'request')} left more than ${milliseconds(why.limitMs)} after ` +
        `their time (${mostOrPercentile(why)}). The figures are not to be trusted.`
      );
    case 'load-thread-busy':
      return (
        `The thread that makes the load was busy ${percent(why.utilisationRatio)} of the time: ` +
        `the harness may have been the bottleneck.`
      );
    case 'fault-never-acted':
      return `Fault ${why.fault} never acted in arm ${why.arm}: its effect was not tested.`;
    case 'row-not-exercised':
      return (
        `Row ${why.row} was not exercised in arm ${why.arm}: ` +
        (why.playedCount === 0
          ? 'it was not played.'
          : `its fault acted on none of ${count(why.playedCount, 'trial')}.`)
      );
  }
};

/** What to know before believing it. */
export const advisory = (advisory: Advisory): string => {
  switch (advisory.kind) {
    case 'harness-late':
      return (
        `The harness sent requests late in arm ${advisory.arm} (${mostOrPercentile(advisory)}); ` +
        `the median wait for first text is ${milliseconds(advisory.medianTtfoMs)}.`
      );
    case 'arrivals-dropped':
      return (
        `${count(advisory.count, 'arrival was', 'arrivals were')} never sent in arm ` +
        `${advisory.arm}: too many requests were in flight.`
      );
    case 'figures-withheld':
      return `${count(advisory.count, 'figure is', 'figures are')} withheld for want of samples.`;
    case 'log-cut':
      return logCut(advisory);
    case 'interrupted':
      return `The run did not finish (${advisory.why}): this report covers the part that ran.`;
    case 'spend-limit':
      return 'The spend limit was reached: cloud traffic stopped, and the rest is missing.';
    case 'drift':
      return (
        `No steady state in arm ${advisory.arm}: median first text went from ` +
        `${milliseconds(advisory.firstHalfMs)} in the first half to ` +
        `${milliseconds(advisory.secondHalfMs)} in the second.`
      );
    case 'extrapolated-profile':
      return `The speed of ${advisory.backend} is in part an estimate: ${advisory.basis}.`;
    case 'think-scaled':
      return (
        `Think time was scaled by ${decimal(advisory.scale)}: ` +
        `sessions are denser than real ones.`
      );
    case 'tokenizer-differs':
      return (
        `${advisory.backends.join(' and ')} count tokens with different tokenizers: ` +
        `their token rates are not directly comparable.`
      );
    case 'usage-estimated':
      return (
        `The tokens of ${count(advisory.count, 'attempt')} were estimated, ` +
        `because the backend did not say.`
      );
    case 'leaked':
      return (
        `${count(advisory.count, 'local-only request')} reached a cloud backend ` +
        `in arm ${advisory.arm}.`
      );
    case 'buffered':
      return (
        `${listed(advisory.answers.map((it) => `${count(it.count, 'answer')} from ${it.backend}`))} ` +
        `came in bursts: their token intervals say how they were flushed, not how they were ` +
        `generated.`
      );
    case 'no-price':
      return (
        `No price is known for ${advisory.model} on ${advisory.backend}: ` +
        `its cost is missing, not zero.`
      );
    case 'price-old':
      return `The prices are of ${advisory.asOf} and may have changed.`;
    case 'seam-quality-unmeasured':
      return 'Whether continued answers read well across the seam was not measured.';
    case 'one-backend-failures':
      return `All failures (${decimal(advisory.count)}) were on one backend: ${advisory.backend}.`;
  }
};

const logCut = ({
  lines,
  unreadable,
  hasEnd,
}: Extract<Advisory, { readonly kind: 'log-cut' }>): string =>
  [
    `${count(lines, 'line')} of the run log ${lines === 1 ? 'was' : 'were'} read`,
    ...(unreadable === 0 ? [] : [`${decimal(unreadable)} could not be`]),
    hasEnd ? 'its end is there.' : 'its end is missing, and whatever came after.',
  ].join('; ');

/** When a backend was used again. */
export const failback = ({
  backend,
  what,
  fault,
  failbackMs,
  elsewhereCount,
}: FailbackRow): string => {
  const meanwhile =
    elsewhereCount === 0 ? '.' : `; ${count(elsewhereCount, 'request')} did without it meanwhile.`;
  const whose = `${backend} (${what}, faults[${fault}])`;
  return failbackMs === undefined
    ? `${whose} was not used again after the fault had passed${meanwhile}`
    : `${whose} was used again ${milliseconds(failbackMs)} after the fault had passed${meanwhile}`;
};
