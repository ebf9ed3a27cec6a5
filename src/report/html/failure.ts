/** What failed, by workload and by what the client was told. */

import type { Analysis } from '../../analysis/analysis.ts';
import { namingOf } from '../failover-line.ts';
import { codeName, codeNote } from '../failure-line.ts';
import { decimal } from '../format.ts';
import type { Words } from '../word/language.ts';
import { html, type Html } from './markup.ts';
import { cardsOf, numbers } from './table.ts';

/** The section, where anything failed. */
export const failureSection = (analysis: Analysis, words: Words): Html | undefined => {
  const { failures } = analysis;
  if (failures.length === 0) return undefined;
  const { label } = words;
  const { hasArms } = namingOf(analysis);
  return html`<section>
    <h2>${words.heading.failure}</h2>
    ${cardsOf(
      [
        ...(hasArms ? [{ text: label.arm }] : []),
        { text: label.workload },
        { text: label.code },
        numbers(label.failed),
        numbers(label.samples),
      ],
      failures.map((row) => {
        const note = codeNote(row, words);
        return [
          ...(hasArms ? [row.arm] : []),
          row.workload,
          html`<code>${codeName(row, words)}</code>${
              note === undefined ? undefined : html`<span class="sure">${note}</span>`
            }`,
          decimal(row.count),
          decimal(row.n),
        ];
      }),
    )}
  </section>`;
};
