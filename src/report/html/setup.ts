/** The setup: everything needed to believe the run, and to run it again. */

import type { Analysis } from '../../analysis/analysis.ts';
import type { Manifest } from '../../log/entry.ts';
import { metricById } from '../../metric/table.ts';
import { priceDate, priceSource } from '../cost-line.ts';
import { figureName, intervalText, valueText } from '../figure.ts';
import { decimal, milliseconds, quantity, yen } from '../format.ts';
import type { Words } from '../word/language.ts';
import { manifestText } from '../word/manifest-text.ts';
import { html, type Fragment, type Html } from './markup.ts';
import { cardsOf, numbers, tableOf } from './table.ts';

/** The fingerprint of the run, its prices, its definitions, and every figure it has. */
export const setupSection = (
  analysis: Analysis,
  words: Words,
  missingCharacters: readonly string[],
): Html => {
  const { manifest } = analysis;
  return html`<section>
    <h2>${words.heading.setup}</h2>
    <dl>
      ${fingerprint(manifest, words).map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd> `,
      )}
    </dl>
    ${
      manifest.prices.length === 0
        ? undefined
        : html`<h3>${words.setup.prices}</h3>
            ${priceTable(manifest, words)}`
    }
    <details>
      <summary>${words.heading.allFigures}</summary>
      ${allFigures(analysis, words)}
    </details>
    <details>
      <summary>${words.heading.definitions}</summary>
      ${definitionTable(manifest, words)}
    </details>
    <details>
      <summary>${words.setup.resolved}</summary>
      <pre>
${JSON.stringify({ scenario: manifest.scenario, systems: manifest.systems }, undefined, 2)}</pre>
    </details>
    <h3>${words.heading.files}</h3>
    <p class="muted small">${words.filesNote}</p>
    ${missingNote(missingCharacters, words)}
  </section>`;
};

const missingNote = (characters: readonly string[], words: Words): Html | undefined =>
  characters.length === 0
    ? undefined
    : html`<p class="muted small">${words.droppedCharacters(characters.join(' '))}</p>`;

const fingerprint = (
  manifest: Manifest,
  words: Words,
): readonly (readonly [string, Fragment])[] => {
  const { setup } = words;
  const { machine, phases, economics } = manifest;
  const hasArms = manifest.arms.length > 1;
  return [
    [setup.description, manifestText(manifest.description, words.language)],
    [setup.command, html`<code>${manifest.command}</code>`],
    [setup.seed, html`<code>${manifest.seed}</code>`],
    [setup.version, manifest.spillway],
    [setup.run, html`<code>${manifest.runId}</code>`],
    [setup.started, manifest.startedAt],
    ...(manifest.target === undefined
      ? [[setup.placement, manifestText(manifest.placement, words.language)] as const]
      : [[setup.target, manifest.target] as const]),
    [setup.backends, lines(manifest.backends.map((it) => backendLine(it, words)))],
    [
      setup.plan,
      lines(
        manifest.plan.map(
          ({ arm, workload, loop, sessions }) =>
            `${hasArms ? `${arm} · ` : ''}${workload}: ${words.planned(sessions, loop)}`,
        ),
      ),
    ],
    [
      setup.phases,
      // A scripted run is over when its sessions are, however long it might have taken.
      manifest.plan.length > 0 && manifest.plan.every(({ loop }) => loop === 'scripted')
        ? words.untilDone(milliseconds(phases.warmupMs + phases.steadyMs + phases.cooldownMs))
        : `${words.phase.warmup} ${milliseconds(phases.warmupMs)} · ` +
          `${words.phase.steady} ${milliseconds(phases.steadyMs)} · ` +
          `${words.phase.cooldown} ${milliseconds(phases.cooldownMs)}`,
    ],
    [setup.think, decimal(manifest.thinkScale)],
    ...(Object.keys(manifest.limits).length === 0
      ? []
      : [
          [
            setup.limits,
            lines(Object.entries(manifest.limits).map((it) => limitLine(it, words))),
          ] as const,
        ]),
    [
      setup.machine,
      `${machine.cpu} · ${machine.cores} × CPU · ${decimal(machine.memoryGb)} GB · ` +
        `${machine.platform} · Node ${machine.node}`,
    ],
    [setup.clock, milliseconds(manifest.clockResolutionMs)],
    ...(economics.capexJpy === undefined ? [] : [[setup.box, boxLine(economics)] as const]),
    ...(economics.usdJpy === undefined
      ? []
      : [
          [
            setup.exchangeRate,
            ['USD 1 = JPY ' + decimal(economics.usdJpy), economics.fxAsOf, economics.fxSource]
              .filter((part) => part !== undefined)
              .join(' · '),
          ] as const,
        ]),
  ];
};

const lines = (texts: readonly string[]): Fragment =>
  texts.map((text, index) => html`${index > 0 ? html`<br />` : undefined}${text}`);

const backendLine = (backend: Manifest['backends'][number], words: Words): string =>
  [
    `${backend.name}: ${backend.wire}`,
    words.servedAs[backend.residency],
    backend.isSimulated ? words.simulated : words.setup.real,
    backend.profile,
    backend.profileBasis && manifestText(backend.profileBasis, words.language),
  ]
    .filter((part) => part !== undefined)
    .join(' · ');

const limitLine = ([id, limit]: readonly [string, number], words: Words): string => {
  const metric = metricById(id);
  const name = metric?.names[words.language] ?? id;
  return `${name} ≤ ${quantity(limit, metric?.unit ?? '', words.unit)}`;
};

const boxLine = (economics: Manifest['economics']): string =>
  [
    economics.capexJpy === undefined ? undefined : yen(economics.capexJpy),
    economics.lifeMonths === undefined ? undefined : `${decimal(economics.lifeMonths)} months`,
    economics.tariffJpyPerKwh === undefined ? undefined : `${yen(economics.tariffJpyPerKwh)}/kWh`,
    economics.idleWatts === undefined || economics.busyWatts === undefined
      ? undefined
      : `${decimal(economics.idleWatts)}–${decimal(economics.busyWatts)} W`,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');

const priceTable = (manifest: Manifest, words: Words): Html => {
  const { label } = words;
  return html`<p class="muted small">${label.perMillion}</p>
    ${cardsOf(
      [
        { text: label.backend },
        { text: label.model },
        numbers(label.input),
        numbers(label.cachedInput),
        numbers(label.output),
        { text: label.priceDate },
        { text: label.source },
      ],
      manifest.prices.map((price) => [
        price.backend,
        price.model,
        decimal(price.input),
        price.cachedInput === undefined ? label.none : decimal(price.cachedInput),
        decimal(price.output),
        html`<span class="whole">${priceDate(price.asOf, words)}</span>`,
        html`<span class="small muted">${priceSource(price.source, words)}</span>`,
      ]),
    )}`;
};

/** The formulas as the run's own manifest recorded them, not as today's table has them. */
const definitionTable = (manifest: Manifest, words: Words): Html =>
  cardsOf(
    [
      { text: words.label.id },
      { text: words.label.figure },
      { text: words.label.formula },
      { text: words.label.unit },
    ],
    manifest.definitions.map(({ id, formula, unit }) => [
      html`<code>${id}</code>`,
      metricById(id)?.names[words.language] ?? id,
      formula,
      unit,
    ]),
  );

const allFigures = (analysis: Analysis, words: Words): Html => {
  const { label } = words;
  const { rows, matrix } = analysis;
  // What is of one row of a suite, or of the fault of one, stands in the matrix.
  const shown =
    matrix.length === 0 ? rows : rows.filter(({ where }) => !/^(?:row|fault)=/.test(where));
  const table = tableOf(
    [
      { text: label.figure },
      { text: label.arm },
      { text: label.where },
      numbers(label.value),
      numbers(label.interval),
      numbers(label.samples),
    ],
    shown.map((row) => [
      figureName(row.id, row.stat, words),
      row.arm,
      row.where === 'all' ? label.allExchanges : row.where,
      row.value === undefined
        ? words.withheld(row.withheld ?? { why: 'no-data' })
        : valueText(row, words),
      intervalText(row, words),
      decimal(row.n),
    ]),
  );
  return shown.length === rows.length
    ? table
    : html`${table}
        <p class="muted small">${words.inFile(rows.length, 'summary.csv')}</p>`;
};
