/** Where each failover's time goes: one bar per exchange a fault acted on, in its three parts. */

import type { Analysis, FailoverRow } from '../../analysis/analysis.ts';
import { decimal, milliseconds } from '../format.ts';
import type { Words } from '../word/language.ts';
import { framed, significant, type Chart } from './chart.ts';
import { fitted, palette } from './theme.ts';

/** More bars than this cannot be read; the table and the CSV have them all. */
export const failoverBarsMax = 40;

/** Bars of detect, decide and refill, with the whole and the outcome beside them. */
export const failoverChart = (analysis: Analysis, words: Words): Chart | undefined => {
  const shown = analysis.failovers.filter(hasPart).slice(0, failoverBarsMax);
  if (shown.length === 0) return undefined;

  const hasArms = analysis.manifest.arms.length > 1;
  const parts = [
    { name: words.label.detect, of: (it: FailoverRow) => it.detectMs, colour: palette.purple },
    { name: words.label.decide, of: (it: FailoverRow) => it.decideMs, colour: palette.ink },
    { name: words.label.refill, of: (it: FailoverRow) => it.refillMs, colour: palette.teal },
  ];
  const rows = shown.map((failover) => ({
    failover,
    label: failoverName(failover, words, hasArms),
  }));
  const bars = rows.flatMap(({ failover, label }) => {
    let low = 0;
    return parts.flatMap(({ name, of }) => {
      const ms = of(failover);
      if (ms === undefined) return [];
      const bar = { label, part: name, low: seconds(low), high: seconds(low + ms) };
      low += ms;
      return [bar];
    });
  });
  const ends = rows.map(({ failover, label }) => ({
    label,
    high: seconds(knownMs(failover)),
    text:
      failover.failoverMs === undefined
        ? words.outcome[failover.outcome]
        : `${milliseconds(failover.failoverMs)} · ${words.outcome[failover.outcome]}`,
  }));
  const y = {
    field: 'label',
    type: 'nominal',
    scale: { domain: rows.map(({ label }) => label) },
    axis: { title: null, domain: false, ticks: false, labelColor: palette.ink.light },
  };
  // Room for the text at the end of the longest bar.
  const domain = [0, significant(Math.max(...ends.map(({ high }) => high), 0.001) * 1.4, 3)];
  const x = { type: 'quantitative', scale: { domain, nice: false } };

  return {
    ...framed(analysis, words, 'failover', {
      ...fitted,
      height: 30 * rows.length,
      layer: [
        {
          data: { values: bars },
          mark: { type: 'bar', height: 16 },
          encoding: {
            x: {
              ...x,
              field: 'low',
              axis: { title: secondsTitle(words), tickCount: 8, format: '~g' },
            },
            x2: { field: 'high' },
            y,
            color: {
              field: 'part',
              type: 'nominal',
              scale: {
                domain: parts.map(({ name }) => name),
                range: parts.map(({ colour }) => colour.light),
              },
              legend: { title: null },
            },
          },
        },
        {
          data: { values: ends },
          mark: { type: 'text', align: 'left', dx: 6, fontSize: 13, color: palette.ink.light },
          encoding: { x: { ...x, field: 'high' }, y, text: { field: 'text' } },
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
      rows: rows.map(({ failover, label }) => [
        label,
        ...parts.map(({ of }) => duration(of(failover), words)),
        duration(failover.failoverMs, words),
        words.outcome[failover.outcome],
      ]),
    },
  };
};

/** How a failover is called: its session and turn, and its arm where there are several. */
export const failoverName = (failover: FailoverRow, words: Words, hasArms: boolean): string =>
  [
    ...(hasArms ? [failover.arm] : []),
    words.turnOf(failover.session, failover.turn),
    `${failover.what} #${decimal(failover.fault)}`,
  ].join(' · ');

const hasPart = (failover: FailoverRow): boolean => knownMs(failover) > 0;

const knownMs = ({ detectMs = 0, decideMs = 0, refillMs = 0 }: FailoverRow): number =>
  detectMs + decideMs + refillMs;

const seconds = (ms: number): number => significant(ms / 1000);

const duration = (ms: number | undefined, words: Words): string =>
  ms === undefined ? words.label.none : milliseconds(ms);

const secondsTitle = (words: Words): string => `${words.label.total} (s)`;
