/** What a report says about outages and deadlines, in English. */

import { decimal, dollars, milliseconds, percent } from '../format.ts';
import { count } from './en-remark.ts';
import type { OutageWords } from './outage.ts';

export const englishOutage: OutageWords = {
  heading: { outage: 'Outages', tradeOff: 'Choosing a first-token deadline' },
  label: {
    outage: 'outage',
    trip: 'to trip',
    paid: 'paid full detection',
    probes: 'probes / by users',
    failback: 'fail-back',
    phase: 'heal phase',
    flaps: 'flaps',
    firstToken: 'first token, return / before',
    lost: 'lost request-seconds',
    tokens: 'tokens discarded / read twice',
    bill: 'cloud bill',
    fault: 'fault',
    circuit: 'circuit',
    requests: 'requests',
    sinceFault: 'time since the fault began (s)',
    probing: 'probes',
    deadline: 'first-token deadline (s, log scale)',
    needless: 'healthy answers failed over (%, log)',
    atMost: 'at most, 95 % sure',
    observed: 'observed',
  },
  circuit: { closed: 'closed', open: 'open', 'half-open': 'half-open' },
  note:
    'From the start of the fault until the backend was used again. Heal phase: where between two ' +
    'probes the fault ended; 0 is right after one, and then fail-back takes longest. Lost ' +
    'request-seconds: the share of requests that did not end well, added up over time.',
  sum: (row) =>
    [
      `${row.backend} (${row.what}, faults[${row.fault}]): ` +
        (row.timeToTripMs === undefined
          ? 'no circuit opened'
          : `the circuit opened after ${milliseconds(row.timeToTripMs)}`),
      `${count(row.paidCount, 'request')} paid full detection`,
      `${count(row.probeCount, 'probe')}, ${row.userProbeCount === 0 ? 'none' : decimal(row.userProbeCount)} by users`,
      count(row.flapCount, 'flap'),
      `${decimal(row.unavailabilityMs / 1000)} lost request-seconds`,
      `${count(row.doublePrefillTokens, 'prompt token')} read twice, ` +
        `${decimal(row.discardedTokens)} discarded`,
      ...(row.cloudUsd === undefined ? [] : [`cloud bill ${dollars(row.cloudUsd)}`]),
    ].join('; '),
  choice: ({ backend, model, n, slowestMs, fallbackMs, picks }) =>
    [
      `${backend}, ${model}: ${count(n, 'healthy answer')}` +
        (slowestMs === undefined
          ? ', some of them cut off by a deadline.'
          : `, the slowest first token after ${milliseconds(slowestMs)}.`),
      ...picks.map(({ ratio, deadlineMs, needs }) =>
        deadlineMs === undefined
          ? `At most ${percent(ratio)} needless failovers: withheld, needs ` +
            `${decimal(needs)} healthy answers with none beyond the deadline.`
          : `At most ${percent(ratio)} needless failovers: a deadline of ` +
            `${milliseconds(deadlineMs)}. On a dead box each reader waits that long` +
            (fallbackMs === undefined
              ? '.'
              : `, then ${milliseconds(fallbackMs)} for the fallback.`),
      ),
    ].join(' '),
  choiceNote:
    'From the first tokens of attempts that no fault acted on, as this run loaded the backends; a ' +
    'longer prompt or queue moves the curve.',
};
