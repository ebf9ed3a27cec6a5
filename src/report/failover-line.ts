/** One failover in one line: whose, what happened, how long it took and of what that is made. */

import type { FailoverRow } from '../analysis/analysis.ts';
import { decimal, milliseconds } from './format.ts';
import type { Words } from './word/language.ts';

/** `s2 t1 reset spark → azure; continued; 821 ms = detect 0.4 ms + …; lost 0, …`. */
export const failoverLine = (failover: FailoverRow, words: Words, hasArms: boolean): string => {
  return [
    `${failoverName(failover, words, hasArms)} ${route(failover)}`,
    words.outcome[failover.outcome],
    durations(failover, words),
    losses(failover, words),
  ]
    .filter((part) => part !== '')
    .join('; ');
};

/** How a failover is called: session, turn and what was done; its arm where there are several. */
export const failoverName = (failover: FailoverRow, words: Words, hasArms: boolean): string => {
  const name = `${words.turnOf(failover.session, failover.turn)} ${failover.what}`;
  return hasArms ? `${failover.arm} ${name}` : name;
};

/** `spark → azure`, or where it was cut when nobody took over. */
export const route = ({ from, to }: FailoverRow): string =>
  to === undefined ? from : `${from} → ${to}`;

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
    .join(', ');
