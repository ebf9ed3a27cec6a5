/** What is large on the page: who serves now, and what happened last. */

import type { Diagnostics, LastSwitch, Serving } from './diagnostics.ts';
import { type Markup, html } from './markup.ts';
import type { Telling } from './telling.ts';
import type { PageWords } from './word.ts';

/** Who would be asked first. */
export const servingTile = ({ serving }: Diagnostics, { words }: Telling): Markup => {
  const [first] = serving;
  const isSame = serving.every(({ backend }) => backend === first?.backend);
  const tone = first?.isOutOfReach === true ? 'bad' : (first?.residency ?? 'bad');
  return html`<div class="${tone}">
    <div class="label">${words.servingNow}</div>
    <div class="big">${first?.backend ?? words.nobody}</div>
    ${
      isSame
        ? html`<div class="sub">
            ${first && residencyChips(first, words)}
            ${serving.map(({ model }) => model).join(' · ')}
          </div>`
        : html`<ul class="models">
            ${serving.map(
              ({ model, backend, residency }) =>
                html`<li>
                  <span class="chip ${residency ?? 'bad'}">${backend ?? words.nobody}</span>
                  ${model}
                </li>`,
            )}
          </ul>`
    }
  </div>`;
};

const residencyChips = ({ residency, isOutOfReach }: Serving, words: PageWords): Markup =>
  html`${residency && html`<span class="chip ${residency}">${words.residency[residency]}</span>`}
  ${isOutOfReach && html`<span class="chip bad">${words.unreachable}</span>`}`;

/** The latest change of who serves. */
export const switchTile = (last: LastSwitch | undefined, telling: Telling): Markup => {
  const { words, timeOf } = telling;
  if (!last)
    return html`<div>
      <div class="label">${words.lastSwitch}</div>
      <div class="large none">${words.noSwitch}</div>
    </div>`;
  const when = html`<b>${timeOf(last.time)}</b> · ${words.ago(last.agoMs)}`;
  if (last.kind === 'failover') {
    const took =
      last.tookMs !== undefined &&
      html` · <b>${words.tookSeconds((last.tookMs / 1000).toFixed(2))}</b>`;
    return html`<div class="${last.isServed ? 'cloud' : 'bad'}">
      <div class="label">${words.lastSwitch}</div>
      <div class="large">${last.from}<span class="arrow">→</span>${last.to}</div>
      <div class="sub">${when}</div>
      <div class="sub">
        ${words.reasonOf(last.reason)}${took}${last.isContinued ? html` · ${words.continued}` : ''}
      </div>
    </div>`;
  }
  const reason =
    last.reason === undefined ? '' : html`<div class="sub">${words.reasonOf(last.reason)}</div>`;
  return html`<div class="${last.kind === 'opened' ? 'bad' : 'local'}">
    <div class="label">${words.lastSwitch}</div>
    <div class="large">${last.backend}<span class="arrow">${words[last.kind]}</span></div>
    <div class="sub">${when}</div>
    ${reason}
  </div>`;
};
