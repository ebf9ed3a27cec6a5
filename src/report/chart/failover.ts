/**
 * Where each failover's time goes: one bar per exchange a fault acted on, in its three parts. Where
 * no text came again, the last part is the wait for the error; where it was waited for, the wait.
 */

import type { Analysis, FailoverRow } from '../../analysis/analysis.ts';
import { failoverName, namingOf, outcomeText } from '../failover-line.ts';
import { milliseconds } from '../format.ts';
import type { Words } from '../word/language.ts';
import { colourScale, endText, framed, nameAxis, significant, type Chart } from './chart.ts';
import { fitted, palette } from './theme.ts';

/** More bars than this cannot be read; the table and the CSV have them all. */
const failoverBarsMax = 40;

/** Bars of detect, decide and refill, with the whole and the outcome beside them. */
export const failoverChart = (analysis: Analysis, words: Words): Chart | undefined => {
  const rows = rowsOf(analysis, words);
  if (rows.length === 0) return undefined;

  const parts = partsOf(words).filter(({ of }) =>
    rows.some(({ failover }) => of(failover) !== undefined),
  );
  const ends = rows.map(({ failover, label }) => ({
    label,
    high: seconds(knownMs(failover)),
    short: milliseconds(knownMs(failover)),
    long:
      failover.failoverMs === undefined
        ? outcomeText(failover, words)
        : `${milliseconds(failover.failoverMs)} · ${words.outcome[failover.outcome]}`,
  }));
  const y = nameAxis(
    'label',
    rows.map(({ label }) => label),
  );
  // Room for the text at the end of the longest bar.
  const domain = [0, significant(Math.max(...ends.map(({ high }) => high), 0.001) * 1.4, 3)];
  const x = { type: 'quantitative', scale: { domain, nice: false } };
  const axis = { title: words.label.failoverSeconds, tickCount: 8, format: '~g' };

  return {
    ...framed(analysis, words, 'failover', {
      ...fitted,
      height: 30 * rows.length,
      layer: [
        {
          data: { values: rows.flatMap((row) => barsOf(row, parts)) },
          mark: { type: 'bar', height: 16 },
          encoding: {
            x: { ...x, field: 'low', axis },
            x2: { field: 'high' },
            y,
            color: colourScale(
              'part',
              parts.map(({ name, colour }) => [name, colour.light]),
            ),
          },
        },
        {
          data: { values: ends },
          mark: endText,
          encoding: { x: { ...x, field: 'high' }, y, text: { field: 'long' } },
        },
      ],
    }),
    table: {
      columns: [
        words.label.exchange,
        ...parts.map(({ name }) => name),
        words.label.total,
        words.label.outcome,
      ],
      rows: rows.map(({ failover, label }) =>
        [label].concat(
          parts.map(({ of }) => duration(of(failover), words)),
          duration(failover.failoverMs, words),
          outcomeText(failover, words),
        ),
      ),
    },
  };
};

interface Row {
  readonly failover: FailoverRow;
  readonly label: string;
}

/** The failovers that have a bar. Two bars of one name would be drawn over one another. */
const rowsOf = (analysis: Analysis, words: Words): readonly Row[] => {
  const naming = namingOf(analysis);
  const seen = new Map<string, number>();
  return analysis.failovers
    .filter((failover) => knownMs(failover) > 0)
    .slice(0, failoverBarsMax)
    .map((failover) => {
      const name = failoverName(failover, words, naming);
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      return { failover, label: count === 1 ? name : `${name} (${count})` };
    });
};

const partsOf = (words: Words) => [
  { name: words.label.detect, of: (it: FailoverRow) => it.detectMs, colour: palette.purple },
  { name: words.label.decide, of: (it: FailoverRow) => it.decideMs, colour: palette.ink },
  { name: words.label.refill, of: (it: FailoverRow) => it.refillMs, colour: palette.teal },
  { name: words.label.visibleGap, of: waitedMs, colour: palette.orange },
  { name: words.label.untilError, of: untilErrorMs, colour: palette.red },
];

/** The known parts of one failover, each beginning where the one before ends. */
const barsOf = ({ failover, label }: Row, parts: ReturnType<typeof partsOf>) => {
  let low = 0;
  return parts.flatMap(({ name, of }) => {
    const ms = of(failover);
    if (ms === undefined) return [];
    const bar = { label, part: name, low: seconds(low), high: seconds(low + ms) };
    low += ms;
    return [bar];
  });
};

const knownMs = (row: FailoverRow): number => {
  const { detectMs = 0, decideMs = 0, refillMs = 0 } = row;
  return detectMs + decideMs + refillMs + (waitedMs(row) ?? 0) + (untilErrorMs(row) ?? 0);
};

/** Of an answer that was waited for there are no other parts. */
const waitedMs = ({ outcome, visibleGapMs }: FailoverRow): number | undefined =>
  outcome === 'waited' ? visibleGapMs : undefined;

/** What is left of the wait for the error after what else is known of it. */
const untilErrorMs = (row: FailoverRow): number | undefined => {
  const { errorAfterMs, detectMs = 0, decideMs = 0, refillMs = 0 } = row;
  return errorAfterMs === undefined
    ? undefined
    : Math.max(0, errorAfterMs - detectMs - decideMs - refillMs);
};

const seconds = (ms: number): number => significant(ms / 1000);

const duration = (ms: number | undefined, words: Words): string =>
  ms === undefined ? words.label.none : milliseconds(ms);
