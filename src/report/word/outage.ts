/** What a report says about outages and about the choice of a deadline. */

import type { OutageRow } from '../../analysis/analysis.ts';
import type { TradeOff } from '../../analysis/trade-off.ts';

/** The words of these parts, in one language. */
export interface OutageWords {
  readonly heading: Readonly<Record<'outage' | 'tradeOff', string>>;
  readonly label: Readonly<
    Record<
      | 'outage'
      | 'trip'
      | 'paid'
      | 'probes'
      | 'failback'
      | 'phase'
      | 'flaps'
      | 'firstToken'
      | 'lost'
      | 'tokens'
      | 'bill'
      | 'fault'
      | 'circuit'
      | 'requests'
      | 'sinceFault'
      | 'probing'
      | 'deadline'
      | 'needless'
      | 'atMost'
      | 'observed',
      string
    >
  >;
  readonly circuit: Readonly<Record<OutageRow['circuits'][number]['to'], string>>;
  readonly note: string;
  /** The outage in a sentence or two. */
  readonly sum: (row: OutageRow) => string;
  /** What can be said about the deadlines of a backend. */
  readonly choice: (tradeOff: TradeOff) => string;
  readonly choiceNote: string;
}
