/** One failover in one line: whose, what happened, how long it took and of what that is made. */

import type { Analysis, FailoverRow } from '../analysis/analysis.ts';
import { decimal, milliseconds } from './format.ts';
import type { Words } from './word/language.ts';

/** What has to be said to tell the exchanges of a run apart. */
export interface Naming {
  readonly hasArms: boolean;
  readonly hasWorkloads: boolean;
}

/** Arms and workloads are named where there are several. */
export const namingOf = ({ manifest }: Analysis): Naming => ({
  hasArms: manifest.arms.length > 1,
  hasWorkloads: new Set(manifest.plan.map(({ workload }) => workload)).size > 1,
});

/** `s2 t1 reset spark → azure; continued; 821 ms = detect 0.4 ms + …; lost 0, …`. */
export const failoverLine = (failover: FailoverRow, words: Words, naming: Naming): string => {
  return [
    `${failoverName(failover, words, naming)} ${route(failover)}`,
    outcomeText(failover, words),
    durations(failover, words),
    losses(failover, words),
  ]
    .filter((part) => part !== '')
    .join(words.semicolon);
};

/** How a failover is called: session, turn and what was done. */
export const failoverName = (failover: FailoverRow, words: Words, naming: Naming): string =>
  [
    ...(naming.hasArms ? [failover.arm] : []),
    ...(naming.hasWorkloads ? [failover.workload] : []),
    words.turnOf(failover.session, failover.turn),
    failover.what,
  ].join(' ');

/** `spark → azure`, or where it was cut when nobody took over. */
export const route = ({ from, to }: FailoverRow): string =>
  to === undefined ? from : `${from} → ${to}`;

/** The outcome; of an error when it came and why, of a wait how long it was. */
export const outcomeText = (failover: FailoverRow, words: Words): string => {
  const { outcome, errorAfterMs, visibleGapMs } = failover;
  const parts = [
    ...(errorAfterMs === undefined ? [] : [words.after(milliseconds(errorAfterMs))]),
    ...(outcome === 'waited' && visibleGapMs !== undefined ? [milliseconds(visibleGapMs)] : []),
    ...reasonOf(failover, words),
  ];
  return words.outcome[outcome] + (parts.length === 0 ? '' : words.aside(parts.join(words.comma)));
};

/** Why an answer did not end well, as far as the proxy knew. */
export const reasonOf = ({ reason, errorAfterMs }: FailoverRow, words: Words): readonly string[] =>
  reason === undefined || errorAfterMs === undefined ? [] : [words.reason[reason]];

/** The whole and its parts, as far as they are known. */
const durations = (failover: FailoverRow, words: Words): string => {
  const parts = (
    [
      [words.label.detect, failover.detectMs],
      [words.label.decide, failover.decideMs],
      [words.label.refill, failover.refillMs],
    ] as const
  ).flatMap(([name, ms]) => (ms === undefined ? [] : [`${name} ${milliseconds(ms)}`]));
  const sum = parts.join(' + ');
  if (failover.failoverMs === undefined) return sum;
  return `${milliseconds(failover.failoverMs)}${sum === '' ? '' : ` = ${sum}`}`;
};

const losses = (failover: FailoverRow, words: Words): string =>
  (
    [
      [words.label.lost, failover.tokensLost],
      [words.label.repeated, failover.tokensRepeated],
      [words.label.discarded, failover.tokensDiscarded],
    ] as const
  )
    .flatMap(([name, count]) => (count === undefined ? [] : [`${name} ${decimal(count)}`]))
    .join(words.comma);
