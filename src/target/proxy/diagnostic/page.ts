/**
 * The page that shows what Spillway is doing, made to be read from the back of a room: who serves
 * now and what happened last are large, everything else is below.
 */

import { diagnosisWords } from '../../../diagnosis/word/catalogue.ts';
import type { Language } from '../../../diagnosis/word/language.ts';
import { backendCard } from './backend-card.ts';
import type { Diagnostics } from './diagnostics.ts';
import { servingTile, switchTile } from './hero.ts';
import { type Markup, html } from './markup.ts';
import { scriptElement, styleElement } from './page-asset.ts';
import { failoverTable, todayTable } from './page-table.ts';
import type { Telling } from './telling.ts';
import { pageWords } from './word.ts';

export interface PageOptions {
  readonly language: Language;
  /** IANA name of the time zone that times are told in. */
  readonly timeZone: string;
}

/** The whole page. */
export const diagnosticsPage = (view: Diagnostics, options: PageOptions): string => {
  const { language, timeZone } = options;
  const words = pageWords[language];
  const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium', hour12: false, timeZone });
  const telling: Telling = {
    language,
    words,
    finding: diagnosisWords[language],
    timeOf: (iso) => clock.format(new Date(iso)),
  };
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Spillway · ${words.title}</title>
        ${styleElement}
        <noscript><meta http-equiv="refresh" content="5" /></noscript>
      </head>
      <body>
        <div class="page">
          <p class="lost" role="alert">${words.lostTouch}</p>
          <div id="live">${topLine(view, telling)} ${content(view, telling)}</div>
          <details>
            <summary>${words.configuration}</summary>
            <pre>${JSON.stringify(view.configuration, undefined, 2)}</pre>
          </details>
        </div>
        ${scriptElement}
      </body>
    </html>`.text;
};

const topLine = (view: Diagnostics, telling: Telling): Markup => {
  const { words, language } = telling;
  const other = language === 'en' ? 'ja' : 'en';
  return html`<header>
    <strong>Spillway</strong>
    <span>${view.version}</span>
    <span>${words.uptime} ${words.span(view.uptimeMs)}</span>
    <span>${words.inFlight} ${view.inFlight}</span>
    ${
      view.retries.withheld > 0 &&
      html`<span class="chip warn">${words.withheld(view.retries.withheld)}</span>`
    }
    ${
      view.stateProblem !== undefined &&
      html`<span class="chip bad">${words.stateProblem(view.stateProblem)}</span>`
    }
    ${view.status === 'draining' && html`<span class="chip warn">${words.draining}</span>`}
    <span class="end">
      <span class="clock">${telling.timeOf(view.now)}</span>
      <a href="?lang=${other}" hreflang="${other}">${other === 'ja' ? '日本語' : 'English'}</a>
    </span>
  </header>`;
};

const content = (view: Diagnostics, telling: Telling): Markup => {
  const { words } = telling;
  return html`<main>
    <div class="hero">${servingTile(view, telling)} ${switchTile(view.lastSwitch, telling)}</div>
    <section>
      <h2>${words.backends}</h2>
      <div class="backends">${view.backends.map((backend) => backendCard(backend, telling))}</div>
    </section>
    <section>
      <h2>${words.failovers}</h2>
      ${failoverTable(view, telling)}
    </section>
    <section>
      <h2>${words.today(view.today.day)}</h2>
      ${todayTable(view, telling)}
    </section>
  </main>`;
};
