/** What a report says about failover suites, in English. */

import type { FaultPlace } from '../../analysis/family.ts';
import type { SuiteExpectation } from '../../log/entry.ts';
import { decimal, milliseconds } from '../format.ts';
import { count } from './en-remark.ts';
import type { SuiteWords } from './suite.ts';

const places: Readonly<Record<FaultPlace, string>> = {
  network: 'Network',
  http: 'HTTP',
  stream: 'Stream',
  backend: 'Backends',
  other: 'Other',
};

const chances: Readonly<Record<SuiteExpectation, string>> = {
  transparent: 'before the text',
  continued: 'mid-text',
  unaffected: 'no switch needed',
  error: 'an error is due',
};

export const englishSuite: SuiteWords = {
  heading: {
    matrix: 'Failover matrix',
    comparison: 'Proxies side by side',
    lost: 'Rows we lose',
    config: 'How each was set up',
  },
  standing: {
    'not-exercised': 'not exercised',
    harmed: 'silently harmed',
    wrong: 'not as expected',
    partly: 'partly as expected',
    held: 'as expected',
  },
  expectation: {
    transparent: 'the whole answer, as if nothing had happened',
    continued: 'the answer goes on',
    unaffected: 'no switch at all',
    error: 'a clean error',
  },
  label: {
    fault: 'fault',
    result: 'result',
    asExpected: 'as expected',
    failover: 'failover',
    parts: 'detect · decide · refill, p50',
    penalty: 'penalty',
    overshoot: 'past the deadline',
    tokens: 'tokens lost / repeated / discarded',
    attempts: 'attempts',
    settle: 'fail-back, probe periods',
    mean: 'mean',
    most: 'most',
    unknown: 'unknown',
    harmed: 'silently harmed',
    falseFailover: 'false failovers',
    ours: 'ours',
    theirs: 'theirs',
    defaults: 'documented defaults',
    tuned: 'tuned',
    figure: 'figure',
  },
  family: (place, expect) => `${places[place]}, ${chances[expect]}`,
  allRows: 'All rows',
  rowsAsExpected: 'rows as expected, and the worst of the others',
  note:
    'What went wrong comes first. ○ all trials ended as they should, △ some, × none; ‼ an answer ' +
    'was cut, repeated or mixed without a word, or hung; ? the fault never acted. Penalty: first ' +
    'token against the same prompt sent straight to the fallback. ≤ is an upper bound, 95 % sure, ' +
    'where there are too few trials for the figure itself. Unknown: a proxy of others does not ' +
    'say, and nobody could see.',
  expects: (expectation) => `expected: ${expectation}`,
  exercised: (exercised, played) =>
    played === 0 ? 'not played' : `the fault acted on ${decimal(exercised)} of ${decimal(played)}`,
  notPlayed: (amount) => `${count(amount, 'row')} not played`,
  held: (held, all) => `${decimal(held)} of ${count(all, 'row')} as expected`,
  atMost: (value) => `≤ ${value}`,
  never: (amount) => `not back in time: ${decimal(amount)}`,
  pastDeadline: (lateMs, isPercentile) =>
    lateMs < 0
      ? `${isPercentile ? 'p99' : 'at least'} ${milliseconds(-lateMs)} before the deadline`
      : `${isPercentile ? 'p99' : 'at most'} ${milliseconds(lateMs)} past the deadline`,
  deadlines: (scale) => `Deadlines are ${scale} of those in production.`,
  control: ({ control }, share) => {
    const n = control.find(({ id }) => id === 'false_failover')?.n ?? 0;
    const failed = control.find(({ id }) => id === 'failed')?.value ?? 0;
    return (
      `Control arm: ${share} of ${count(n, 'exchange')} failed over without cause` +
      `${failed === 0 ? '' : `, ${decimal(failed)} failed`}.`
    );
  },
  whyLost: {
    'as-expected': 'more trials as expected',
    failover: 'faster failover',
    overshoot: 'closer to the deadline',
    attempts: 'fewer attempts',
  },
  noneLost: 'None: no other was better in any row, beyond the intervals.',
  comparisonNote:
    'The same faults, the same prompts, the same shims. What cannot be seen of a foreign proxy ' +
    'from outside is unknown. Past the deadline: until the next backend was asked, beyond the ' +
    'configured deadline.',
};
