/**
 * What no schema can say of a suite: that each row has a name of its own and says what is expected,
 * and that when it acts is left to the trials.
 */

import type { SourceDocument } from '../system/document.ts';
import type { Mistake } from '../system/mistake.ts';
import type { System } from '../system/system.ts';
import { closest, isRecord } from '../system/validation.ts';
import { itemsOf, property } from './name.ts';

/** The words that say when a fault acts: in a suite the trials do. */
const scheduleKeys = ['at', 'for', 'every', 'until', 'phase', 'address', 'addresses', 'sweep'];

const rowKeys = ['row', 'expect', 'catalogue', 'deadline', 'workload', 'fresh'];

/** Whether the scenario plays a suite. */
export const hasSuite = (value: unknown): boolean => property(value, 'suite') !== undefined;

/** The file with a load for each workload: the trials ask, one after another in each lane. */
export const withTrialLoad = (value: unknown): unknown => {
  if (!hasSuite(value) || !isRecord(value)) return value;
  const lanes = property(property(value, 'suite'), 'lanes');
  const load = { kind: 'closed', concurrentSessions: typeof lanes === 'number' ? lanes : 1 };
  return {
    ...value,
    workloads: itemsOf(value, 'workloads').map((it) =>
      isRecord(it) && it['load'] === undefined ? { ...it, load } : it,
    ),
  };
};

/** What is the same in every arm. */
export const suiteMistakes = (value: unknown, document: SourceDocument): readonly Mistake[] =>
  hasSuite(value)
    ? [
        ...rowMistakes(value, document),
        ...loadMistakes(value, document),
        ...(itemsOf(value, 'faults').length > 0
          ? []
          : [document.mistake(['suite'], 'expected rows in `faults:`, found none', rowHint)]),
      ]
    : strayMistakes(value, document);

const rowHint =
  'Write `faults: [{ row: reset-mid-stream, backend: spark, kind: reset, expect: continued }]`.';

const rowMistakes = (value: unknown, document: SourceDocument): readonly Mistake[] => {
  const rows = itemsOf(value, 'faults');
  const names = rows.map((it) => property(it, 'row'));
  const workloads = itemsOf(value, 'workloads').map((it) => String(property(it, 'name')));
  return rows.flatMap((row, at) => {
    const mistakes: Mistake[] = [];
    const wrong = (key: string | undefined, problem: string, hint: string): void => {
      const path = ['faults', at, ...(key === undefined ? [] : [key])];
      mistakes.push(document.mistake(path, problem, hint, key !== undefined));
    };
    if (names[at] === undefined)
      wrong(undefined, 'expected a name of the row, found none', rowHint);
    else if (typeof names[at] === 'string' && names.indexOf(names[at]) < at)
      wrong('row', `two rows are called '${names[at]}'`, 'Give each its own name.');
    if (property(row, 'expect') === undefined)
      wrong(
        undefined,
        'expected `expect`, found none',
        'Say what a proxy that survives it shows: transparent, continued, unaffected or error.',
      );
    for (const key of scheduleKeys)
      if (property(row, key) !== undefined)
        wrong(key, 'a trial decides when the fault acts', `Remove \`${key}\`.`);
    if (property(row, 'kind') === 'exec')
      wrong('kind', 'commands are no part of a suite', 'Run them in a scenario of their own.');
    const workload = property(row, 'workload');
    if (typeof workload === 'string' && !workloads.includes(workload))
      wrong(
        'workload',
        `no workload is called '${workload}'`,
        closest(workload, workloads) ?? `There are: ${workloads.join(', ')}.`,
      );
    return mistakes;
  });
};

const loadMistakes = (value: unknown, document: SourceDocument): readonly Mistake[] =>
  itemsOf(value, 'workloads').flatMap((workload, at) =>
    property(workload, 'load') === undefined
      ? []
      : [
          document.mistake(
            ['workloads', at, 'load'],
            'the trials decide when it is asked',
            'Remove `load`; `suite: { lanes: 4 }` plays trials side by side.',
            true,
          ),
        ],
  );

/** Words of a suite where there is none. */
const strayMistakes = (value: unknown, document: SourceDocument): readonly Mistake[] => [
  ...itemsOf(value, 'faults').flatMap((fault, at) =>
    rowKeys
      .filter((key) => property(fault, key) !== undefined)
      .map((key) =>
        document.mistake(
          ['faults', at, key],
          'this belongs to a row of a suite, and there is no `suite`',
          `Add \`suite: {}\`, or remove \`${key}\`.`,
          true,
        ),
      ),
  ),
  ...itemsOf(value, 'variants').flatMap((variant, at) =>
    ['proxy', 'peer']
      .filter((key) => property(variant, key) !== undefined)
      .map((key) =>
        document.mistake(
          ['variants', at, key],
          'another proxy is compared in a suite only',
          `Add \`suite: {}\`, or remove \`${key}\`.`,
          true,
        ),
      ),
  ),
];

export interface SuiteGround {
  readonly document: SourceDocument;
  readonly system: System | undefined;
  /** Replayed against another proxy than ours. */
  readonly isForeign: boolean;
}

/** What depends on the arm: the model to compare with, and ports for another proxy to dial. */
export const suiteArmMistakes = (
  value: unknown,
  { document, system, isForeign }: SuiteGround,
): readonly Mistake[] => {
  if (!hasSuite(value) || !system) return [];
  const straight = property(property(value, 'suite'), 'straight');
  const models = system.models.map(({ name }) => name);
  const broken = new Set(
    itemsOf(value, 'faults').flatMap((row) => [
      property(row, 'backend'),
      ...itemsOf(row, 'backends'),
    ]),
  );
  const own = system.backends.filter(({ name }) => broken.has(name));
  const portless = own.every(({ simulate }) => simulate?.port === undefined) ? own[0] : undefined;
  return [
    ...(straight === undefined
      ? [
          document.mistake(
            ['suite'],
            'expected `straight`, a model that has the fallback alone, found none',
            `Name one of the system: ${models.join(', ')}.`,
          ),
        ]
      : []),
    ...(typeof straight === 'string' && !models.includes(straight)
      ? [
          document.mistake(
            ['suite', 'straight'],
            `the system has no model called '${straight}'`,
            closest(straight, models) ?? `There are: ${models.join(', ')}.`,
          ),
        ]
      : []),
    ...(isForeign && portless
      ? [
          document.mistake(
            ['system'],
            `expected a port for ${portless.name}, which another proxy must be told, found none`,
            'Give it one in the system file: `simulate: { port: 4101 }`.',
          ),
        ]
      : []),
  ];
};
