/** The top of the page: verdict, warnings, key figures. */

import type { Analysis, SummaryRow } from '../../analysis/analysis.ts';
import { keyFigureName, keyFiguresOf, sureness, valueText } from '../figure.ts';
import { verdictSentence } from '../verdict-sentence.ts';
import type { Words } from '../word/language.ts';
import { html, type Html } from './markup.ts';
import { cardsOf, numbers, tableOf } from './table.ts';

/** What was asked, what came of it, and how sure that is. */
export const verdictHeader = (analysis: Analysis, words: Words): Html => {
  const { manifest, verdict } = analysis;
  const isCounted = verdict.objectives.length > 0;
  return html`<header class="top">
    <p class="muted small">Spillway · ${manifest.runId} · ${manifest.startedAt}</p>
    <h1>${manifest.name}</h1>
    <p class="question">${manifest.question}</p>
    <div class="verdict">
      <span class="badge ${verdict.kind}">${words.verdict[verdict.kind]}</span>
      <p>${verdictSentence(analysis, words)}</p>
    </div>
    ${analysis.isWhole ? undefined : html`<p><strong>${words.partial}</strong></p>`}
    ${isCounted ? objectiveTable(analysis, words) : undefined}
  </header>`;
};

const objectiveTable = (analysis: Analysis, words: Words): Html => {
  const hasArms = analysis.manifest.arms.length > 1;
  return cardsOf(
    [
      { text: words.label.result },
      { text: words.label.objective },
      ...(hasArms ? [{ text: words.label.arm }] : []),
      numbers(words.label.measured),
      numbers(`${words.label.interval}${words.comma}${words.label.samples}`),
    ],
    analysis.verdict.objectives.map(({ text, arm, decision, row, withheld }) => [
      html`<span class="badge tight ${decision}">${words.decision[decision]}</span>`,
      html`<code>${text}</code>`,
      ...(hasArms ? [arm] : []),
      valueText(row, words),
      row?.value === undefined
        ? words.withheld(withheld ?? row?.withheld ?? { why: 'no-data' })
        : html`<span class="muted">${sureness(row, words)}</span>`,
    ]),
  );
};

/** Everything to know before believing the rest; what makes the run worthless comes first. */
export const warningSection = (analysis: Analysis, words: Words): Html => {
  const grave = analysis.verdict.invalid.map(words.invalidity);
  const remarks = analysis.advisories.map(words.advisory);
  if (grave.length + remarks.length === 0)
    return html`<section>
      <h2>${words.heading.warnings}</h2>
      <p class="muted">${words.noWarnings}</p>
    </section>`;

  return html`<section class="warnings">
    <h2>${words.heading.warnings}</h2>
    <ul>
      ${grave.map((text) => html`<li class="grave">${text}</li>`)}
      ${remarks.map((text) => html`<li>${text}</li>`)}
    </ul>
  </section>`;
};

/** For one arm, tiles in front and a table for the rest; for several, a column for each. */
export const figureSection = (analysis: Analysis, words: Words, armFigure: Html): Html => {
  const figures = keyFiguresOf(analysis);
  if (figures.length === 0)
    return html`<section>
      <h2>${words.heading.keyFigures}</h2>
      <p class="empty">${words.withheld({ why: 'no-data' })}</p>
    </section>`;

  const { arms } = analysis.manifest;
  const front = figures.filter(({ isFront }) => isFront);
  const rest = figures.filter(({ isFront }) => !isFront);
  if (arms.length === 1)
    return html`<section>
      <h2>${words.heading.keyFigures}</h2>
      <div class="tiles">
        ${front.map((it) => tile(keyFigureName(it, words), it.byArm[0], words))}
      </div>
      <div class="gap"></div>
      ${tableOf(
        [
          { text: words.label.figure },
          numbers(words.label.value),
          numbers(`${words.label.interval}${words.comma}${words.label.samples}`),
        ],
        rest.map((figure) => [
          keyFigureName(figure, words),
          valueText(figure.byArm[0], words),
          html`<span class="muted">${sureness(figure.byArm[0], words)}</span>`,
        ]),
      )}
    </section>`;

  return html`<section>
    <h2>${words.heading.byArm}</h2>
    ${tableOf(
      [{ text: words.label.figure }, ...arms.map(numbers)],
      figures.map((figure) => {
        const cells: readonly Html[] = figure.byArm.map((row) => figureCell(row, words));
        return [html`${keyFigureName(figure, words)}`].concat(cells);
      }),
    )}
    <div class="gap"></div>
    ${armFigure}
  </section>`;
};

const figureCell = (row: SummaryRow | undefined, words: Words): Html =>
  html`${valueText(row, words)}<span class="sure">${sureness(row, words)}</span>`;

const tile = (name: string, row: SummaryRow | undefined, words: Words): Html => {
  const isWithheld = row?.value === undefined;
  const [number, ...unit] = valueText(row, words).split(' ');
  return html`<div class="tile${isWithheld ? ' withheld' : ''}">
    <div class="name">${name}</div>
    <div class="value">
      ${number}${unit.length > 0 ? html` <span class="unit">${unit.join(' ')}</span>` : undefined}
    </div>
    <div class="sure">${sureness(row, words)}</div>
  </div> `;
};
