/**
 * The languages a report is written in, and the type that holds every word it may use.
 *
 * Both languages implement the same interface, so a sentence that is missing in one of them does
 * not compile. Anything chosen by the analysis (a verdict, a reason, an outcome) is a function of
 * that value or a record over its whole union.
 */

import type {
  Advisory,
  Analysis,
  Decision,
  FailbackRow,
  FailoverOutcome,
  FailoverRow,
  Invalidity,
  Withheld,
} from '../../analysis/analysis.ts';
import type { MetricStat, Unit } from '../../metric/metric.ts';
import type { OutageWords } from './outage.ts';
import type { SuiteWords } from './suite.ts';

export type Language = 'en' | 'ja';

export type VerdictKind = Analysis['verdict']['kind'];

/** Everything a report can say. */
export interface Words {
  readonly language: Language;
  /** Between two parts of a name. */
  readonly comma: string;
  /** Between parts that have commas of their own. */
  readonly semicolon: string;
  readonly unit: Readonly<Record<Unit, string>>;
  readonly suite: SuiteWords;
  readonly outages: OutageWords;
  readonly simulated: string;
  readonly simulatedLong: string;
  readonly partial: string;

  readonly verdict: Readonly<Record<VerdictKind, string>>;
  readonly verdictLong: Readonly<Record<VerdictKind, string>>;
  readonly decision: Readonly<Record<Decision, string>>;
  readonly outcome: Readonly<Record<FailoverOutcome, string>>;
  /** Why an attempt failed. */
  readonly reason: Readonly<Record<NonNullable<FailoverRow['reason']>, string>>;
  /** What a code that a client was told means, where the code alone does not say it. */
  readonly codeNote: Readonly<Partial<Record<string, string>>>;
  readonly stat: Readonly<Record<MetricStat, string>>;
  readonly servedAs: Readonly<
    Record<'local' | 'cloud' | 'failed-over' | 'spilled' | 'failed' | 'unknown', string>
  >;
  readonly phase: Readonly<Record<'warmup' | 'steady' | 'cooldown' | 'done', string>>;

  readonly objectivesMet: (met: number, all: number) => string;
  readonly withheld: (reason: Withheld) => string;
  readonly invalidity: (why: Invalidity) => string;
  readonly advisory: (advisory: Advisory) => string;

  readonly heading: Readonly<
    Record<
      | 'warnings'
      | 'keyFigures'
      | 'byArm'
      | 'allFigures'
      | 'failure'
      | 'timeline'
      | 'firstToken'
      | 'tokenRate'
      | 'failover'
      | 'cost'
      | 'setup'
      | 'definitions'
      | 'files',
      string
    >
  >;
  /** Labels of columns, axes and rows. */
  readonly label: Readonly<
    Record<
      | 'arm'
      | 'figure'
      | 'value'
      | 'interval'
      | 'samples'
      | 'where'
      | 'objective'
      | 'result'
      | 'measured'
      | 'exchange'
      | 'fault'
      | 'outcome'
      | 'detect'
      | 'decide'
      | 'refill'
      | 'total'
      | 'sum'
      | 'visibleGap'
      | 'errorAfter'
      | 'untilError'
      | 'failoverSeconds'
      | 'workload'
      | 'code'
      | 'lost'
      | 'repeated'
      | 'discarded'
      | 'switched'
      | 'elapsed'
      | 'outputRate'
      | 'finished'
      | 'failed'
      | 'unknownBackend'
      | 'faultWindow'
      | 'share'
      | 'firstText'
      | 'limit'
      | 'perAnswerRate'
      | 'backend'
      | 'part'
      | 'low'
      | 'high'
      | 'counterfactual'
      | 'model'
      | 'priceDate'
      | 'source'
      | 'ownPrice'
      | 'configured'
      | 'allCloud'
      | 'capacityValue'
      | 'paid'
      | 'paidSimulated'
      | 'energy'
      | 'amortisation'
      | 'amount'
      | 'inflight'
      | 'none'
      | 'allExchanges'
      | 'data'
      | 'id'
      | 'formula'
      | 'unit'
      | 'perMillion'
      | 'input'
      | 'cachedInput'
      | 'output',
      string
    >
  >;
  /** Rows of the setup table. */
  readonly setup: Readonly<
    Record<
      | 'description'
      | 'command'
      | 'seed'
      | 'version'
      | 'run'
      | 'started'
      | 'placement'
      | 'target'
      | 'machine'
      | 'clock'
      | 'phases'
      | 'think'
      | 'limits'
      | 'plan'
      | 'backends'
      | 'prices'
      | 'box'
      | 'exchangeRate'
      | 'resolved'
      | 'real',
      string
    >
  >;
  /** What each chart shows and how to read it. */
  readonly chart: Readonly<
    Record<
      | 'timeline'
      | 'firstToken'
      | 'tokenRate'
      | 'failover'
      | 'cost'
      | 'arm'
      | 'overview'
      | 'matrix'
      | 'outage'
      | 'tradeOff',
      { readonly title: string; readonly howToRead: string }
    >
  >;
  /** A remark in brackets behind a word. */
  readonly aside: (text: string) => string;
  readonly seconds: (count: string) => string;
  readonly after: (duration: string) => string;
  /** How many of the requests a count is over were local-only. */
  readonly amongLocalOnly: (count: number) => string;
  readonly allPhases: string;
  /** How long after the last answer a session was asked again. */
  readonly gap: (seconds: string) => string;
  readonly failedOf: (count: number, all: number) => string;
  readonly faulted: (count: number) => string;
  readonly failback: (row: FailbackRow) => string;
  readonly openCircuit: (count: number) => string;
  readonly inFile: (count: number, file: string) => string;
  /** A backend as one arm used it. */
  readonly ofArm: (backend: string, arm: string) => string;
  readonly untilDone: (most: string) => string;
  readonly costNote: string;
  readonly costNotIncluded: string;
  readonly noCost: string;
  readonly noFailover: string;
  readonly noChart: string;
  readonly noWarnings: string;
  readonly onlySome: (shown: number, all: number) => string;
  readonly turnOf: (session: number, turn: number) => string;
  readonly planned: (sessions: number, loop: 'open' | 'closed' | 'scripted') => string;
  readonly droppedCharacters: (characters: string) => string;
  readonly filesNote: string;
}
