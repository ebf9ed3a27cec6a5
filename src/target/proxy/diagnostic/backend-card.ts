/** One backend on the page: its circuit, its slots, and how far one gets to it. */

import { type Finding, pathSteps } from '../../../diagnosis/finding.ts';
import { type DiagnosisWords, say } from '../../../diagnosis/word/language.ts';
import type { Alarm } from '../proxy.ts';
import type { BackendView, ModelView } from './diagnostics.ts';
import { type Markup, html, withCode } from './markup.ts';
import type { Telling } from './telling.ts';

/** The card of a backend. */
export const backendCard = (backend: BackendView, telling: Telling): Markup => {
  const { words } = telling;
  const { reach, breaker } = backend;
  const isDown = breaker === 'open' || reach?.isReachable === false;
  const isTroubled = backend.alarms.length + backend.models.length > 0;
  const isDoubtful = breaker === 'half-open' || isTroubled || reach?.level !== 'ok';
  const level = isDown ? 'bad' : isDoubtful ? 'warn' : 'ok';
  const tone = reach ? level : isDown ? 'bad' : '';
  const breakerTone = { closed: 'ok', open: 'bad', 'half-open': 'warn' }[breaker];
  return html`<article class="backend ${tone}">
    <div class="row">
      <h3>${backend.name}</h3>
      <span class="chip ${backend.residency}">${words.residency[backend.residency]}</span>
      <span class="faint">${backend.kind}</span>
      ${backend.isServing && html`<span class="chip ok">${words.serving}</span>`}
      <span class="end chip ${breakerTone}">${words.circuit} ${words.breaker[breaker]}</span>
    </div>
    ${whyLine(backend, telling)} ${troubles(backend, telling)}
    <div class="load">
      ${slotPicture(backend)} <b>${backend.running}/${backend.slots}</b> ${words.slots} ·
      <b>${backend.queued}</b> ${words.queued}
    </div>
    ${opinionLine(backend, telling)}
    ${
      reach
        ? reach.addresses.map((address) => addressBlock(address, telling))
        : html`<p class="empty">${words.looking}</p>`
    }
  </article>`;
};

const whyLine = ({ why, since, sinceMs }: BackendView, { words, timeOf }: Telling) =>
  why &&
  html`<p class="why">
    <b>${words.reasonOf(why.reason)}</b>
    ${since === undefined ? '' : html`· ${timeOf(since)} · ${words.ago(sinceMs ?? 0)}`}<br />
    ${why.message}
  </p>`;

/** Behind a model whose name is a pattern, clients can name as many missing ones as they like. */
const troublesShown = 6;

/** A model that people must see to is named once, and what holds for all of a backend first. */
const troubles = ({ alarms, models }: BackendView, telling: Telling): Markup => {
  const told = new Set(alarms.map(({ model }) => model));
  const lines = [
    ...alarms.filter(({ model }) => model === undefined).map((it) => alarmLine(it, telling)),
    ...alarms.filter(({ model }) => model !== undefined).map((it) => alarmLine(it, telling)),
    ...models.filter(({ model }) => !told.has(model)).map((it) => modelLine(it, telling)),
  ];
  const rest = lines.length - troublesShown;
  return html`${lines.slice(0, troublesShown)}
  ${rest > 0 && html`<p class="why">${telling.words.more(rest)}</p>`}`;
};

/** What people must do something about. */
const alarmLine = ({ model, address, reason, message }: Alarm, { words }: Telling): Markup =>
  html`<p class="why">
    <b>${words.alarm}:</b> ${model ?? address ?? ''} ${words.reasonOf(reason)}<br />
    ${message}
  </p>`;

const modelLine = ({ model, why }: ModelView, { words }: Telling): Markup =>
  html`<p class="why">
    <b>${words.shutOut}: ${model}</b> ${why && words.reasonOf(why.reason)}<br />
    ${why?.message}
  </p>`;

const opinionLine = ({ secondOpinions: { alive, dead } }: BackendView, { words }: Telling) =>
  alive + dead > 0 && html`<p class="faint">${words.secondOpinions(alive, dead)}</p>`;

/** More slots than these are a number, not a picture. */
const slotsDrawn = 16;

const slotPicture = ({ slots, running }: BackendView): Markup | undefined => {
  if (slots > slotsDrawn) return undefined;
  const boxes = Array.from(
    { length: slots },
    (_, at) =>
      html`<rect
        x="${at * 20 + 1}"
        y="1"
        width="16"
        height="18"
        rx="4"
        class="${at < running ? 'busy' : 'free'}"
      />`,
  );
  return html`<svg viewBox="0 0 ${slots * 20} 20" role="img" aria-hidden="true">${boxes}</svg>`;
};

type Address = NonNullable<BackendView['reach']>['addresses'][number];

const addressBlock = ({ url, findings }: Address, { finding: words }: Telling): Markup => {
  const troubles = findings.filter(({ level }) => level !== 'ok');
  return html`<div class="address">
    <div class="url">${url}</div>
    <ol class="steps">
      ${findings.map((finding) => stepChip(finding, words))}
    </ol>
    ${
      troubles.length > 0 &&
      html`<ul class="todo">
        ${troubles.map(({ level, fact }) => {
          const { what, todo } = say(words, fact);
          return html`<li class="${level}">
            ${what} <span class="advice">${todo && withCode(todo)}</span>
          </li>`;
        })}
      </ul>`
    }
  </div>`;
};

const stepChip = ({ step, level, fact, tookMs }: Finding, words: DiagnosisWords): Markup => {
  const mark = { ok: '✓', warn: '!', bad: '✗' }[level];
  const took = tookMs === undefined ? '' : `${Math.max(1, Math.round(tookMs))} ms`;
  // On the way only the time is of interest; beyond it, what was found.
  const isWay = pathSteps.includes(step);
  const detail = level === 'ok' ? (isWay ? took : say(words, fact).what) : '';
  return html`<li class="${level}" title="${say(words, fact).what}">
    ${mark} <b>${words.step[step]}</b> ${detail}
  </li>`;
};
