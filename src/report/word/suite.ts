/** What a report says about a failover suite. */

import type { LostRow, MatrixArm, Standing } from '../../analysis/analysis.ts';
import type { FaultPlace } from '../../analysis/family.ts';
import type { SuiteExpectation } from '../../log/entry.ts';

/** The words of this part, in one language. */
export interface SuiteWords {
  readonly heading: Readonly<Record<'matrix' | 'comparison' | 'lost' | 'config', string>>;
  readonly standing: Readonly<Record<Standing, string>>;
  readonly expectation: Readonly<Record<SuiteExpectation, string>>;
  readonly label: Readonly<
    Record<
      | 'fault'
      | 'result'
      | 'asExpected'
      | 'failover'
      | 'parts'
      | 'penalty'
      | 'overshoot'
      | 'tokens'
      | 'attempts'
      | 'settle'
      | 'mean'
      | 'most'
      | 'unknown'
      | 'harmed'
      | 'falseFailover'
      | 'ours'
      | 'theirs'
      | 'defaults'
      | 'tuned'
      | 'figure',
      string
    >
  >;
  /** Where faults strike, and what can be done about them. */
  readonly family: (place: FaultPlace, expect: SuiteExpectation) => string;
  readonly allRows: string;
  /** What a share of rows is of. */
  readonly rowsAsExpected: string;
  /** How to read the table. */
  readonly note: string;
  readonly expects: (expectation: string) => string;
  /** So many of the trials that were played. */
  readonly exercised: (exercised: number, played: number) => string;
  /** So many rows that the run did not come to. */
  readonly notPlayed: (rows: number) => string;
  readonly held: (held: number, all: number) => string;
  readonly atMost: (value: string) => string;
  readonly never: (count: number) => string;
  /** How late the proxy gave up on a backend; less than nothing where it need not wait so long. */
  readonly pastDeadline: (lateMs: number, isPercentile: boolean) => string;
  readonly deadlines: (scale: string) => string;
  readonly control: (arm: MatrixArm, share: string) => string;
  readonly whyLost: Readonly<Record<LostRow['why'], string>>;
  readonly noneLost: string;
  readonly comparisonNote: string;
}
