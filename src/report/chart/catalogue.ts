/** The charts of a report, in the order of its pages. */

import type { Analysis } from '../../analysis/analysis.ts';
import type { Words } from '../word/language.ts';
import { armChart } from './arm.ts';
import type { Chart, ChartName } from './chart.ts';
import { costChart } from './cost.ts';
import { firstTokenChart, tokenRateChart } from './distribution.ts';
import { failoverChart } from './failover.ts';
import { matrixChart } from './matrix.ts';
import { outageChart } from './outage.ts';
import { overviewChart } from './overview.ts';
import { timelineChart } from './timeline.ts';
import { tradeOffChart } from './trade-off.ts';

const makers: readonly ((analysis: Analysis, words: Words) => Chart | undefined)[] = [
  overviewChart,
  matrixChart,
  armChart,
  timelineChart,
  firstTokenChart,
  tokenRateChart,
  failoverChart,
  outageChart,
  tradeOffChart,
  costChart,
];

/** Charts of single exchanges, which a suite has too many of, and none that matters by itself. */
const ofExchanges: ReadonlySet<unknown> = new Set([timelineChart, failoverChart]);

/** Every chart that has something to show. */
export const chartsOf = (analysis: Analysis, words: Words): ReadonlyMap<ChartName, Chart> =>
  new Map(
    makers.flatMap((maker) => {
      if (analysis.matrix.length > 0 && ofExchanges.has(maker)) return [];
      const chart = maker(analysis, words);
      return chart === undefined ? [] : [[chart.name, chart] as const];
    }),
  );
