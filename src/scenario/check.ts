/**
 * What no schema can say of a scenario: names that must be there, words that must go together.
 *
 * Each part is looked at on its own, and only where its own shape is right. So one wrong value
 * hides nothing but itself, and all mistakes of a file are told at once.
 */

import type { TSchema, Static } from 'typebox';
import Value from 'typebox/value';

import { workloadSchema } from '../load/schema.ts';
import { parseObjective } from '../metric/objective.ts';
import { metricById } from '../metric/table.ts';
import type { SourceDocument } from '../system/document.ts';
import type { Mistake } from '../system/mistake.ts';
import type { BackendSystem, System } from '../system/system.ts';
import { closest, isRecord } from '../system/validation.ts';
import { backendsOf, planFaults, worksOnTls } from '../target/fault/plan.ts';
import { kindOf } from '../target/fault/kind/list.ts';
import { faultProblems } from '../target/fault/problem.ts';
import { workloadMistakes } from '../workload/check.ts';
import { itemsOf, type Names, property } from './name.ts';
import { rowSchema } from './schema.ts';
import { hasSuite, suiteArmMistakes, suiteMistakes, withTrialLoad } from './suite-check.ts';

export interface ArmGround {
  readonly document: SourceDocument;
  readonly names: Names;
  /** Absent when the system has mistakes of its own. */
  readonly system?: System;
  readonly isLocalOnly: boolean;
  /** Replayed against another proxy than ours. */
  readonly isForeign: boolean;
  /** Whether faults may run commands on this machine. */
  readonly mayExecute: boolean;
}

/** What depends on the arm: names of its system, and what its faults can do to it. */
export const armMistakes = (value: unknown, ground: ArmGround): readonly Mistake[] => [
  ...itemsOf(value, 'workloads').flatMap((workload, at) => workloadNames(workload, at, ground)),
  ...itemsOf(value, 'faults').flatMap((fault, at) => [
    ...nameMistakes(['faults', at, 'backend'], 'backend', property(fault, 'backend'), ground),
    ...itemsOf(fault, 'backends').flatMap((name, place) =>
      nameMistakes(['faults', at, 'backends', place], 'backend', name, ground),
    ),
    ...pathMistakes(fault, at, ground),
    ...executionMistakes(fault, at, ground),
  ]),
  ...spendMistakes(ground),
  ...suiteArmMistakes(value, { ...ground, system: ground.system }),
];

const workloadNames = (workload: unknown, at: number, ground: ArmGround): readonly Mistake[] => {
  const { document, names, isForeign } = ground;
  const key = property(workload, 'key');
  const isKeyless = isRecord(workload) && key === undefined && names.keys.length > 0 && !isForeign;
  return [
    ...nameMistakes(['workloads', at, 'model'], 'model', property(workload, 'model'), ground),
    ...nameMistakes(['workloads', at, 'key'], 'key', key, ground),
    ...(isKeyless
      ? [
          document.mistake(
            ['workloads', at],
            'expected a `key`, since the system has keys, found none',
            `Add \`key: ${names.keys[0]}\`.`,
          ),
        ]
      : []),
  ];
};

const nameMistakes = (
  path: readonly (string | number)[],
  what: 'model' | 'backend' | 'key',
  name: unknown,
  { document, names, system, isLocalOnly }: ArmGround,
): readonly Mistake[] => {
  const known = names[`${what}s`];
  // A system with mistakes may be about to have what is missed here.
  const isKnowable = system !== undefined || known.length > 0;
  if (typeof name !== 'string' || name === '' || known.includes(name) || !isKnowable) return [];
  const where = isLocalOnly ? ' once the clouds are taken out' : '';
  const hint =
    closest(name, known) ??
    (known.length === 0
      ? `The system has none${where}.`
      : `There ${known.length === 1 ? 'is' : 'are'}: ${known.join(', ')}.`);
  return [document.mistake(path, `the system has no ${what} called '${name}'${where}`, hint)];
};

const pathMistakes = (
  value: unknown,
  at: number,
  { system, document }: ArmGround,
): readonly Mistake[] => {
  if (!Value.Check(rowSchema, value)) return [];
  const named = backendsOf(value);
  const meant = (system?.backends ?? []).filter(({ name }) => named.includes(name));
  const { path } = value;
  const unreal = meant.find(({ simulate }) => simulate?.kind !== 'spark');
  if (unreal && kindOf(value).onBox)
    return [
      document.mistake(
        ['faults', at, 'kind'],
        `\`${value.kind}\` happens to a simulated box, and ${unreal.name} is none`,
        'Break a real one with `exec`, or choose a kind that acts on the way to it.',
      ),
    ];
  const short = meant.find((backend) => (path ?? 1) > pathsOf(backend).length);
  if (short) {
    const count = pathsOf(short).length;
    const has = `${short.name} has ${count === 1 ? 'one address' : `${count} addresses`}`;
    const hint = 'Count from 1, in the order of `urls` (or of `simulate: { paths: … }`).';
    return [document.mistake(['faults', at, 'path'], `${has}, found ${path}`, hint)];
  }
  const reached = (backend: BackendSystem): readonly string[] =>
    pathsOf(backend).filter((_, place) => (path ?? place + 1) === place + 1);
  const plain = meant.find((backend) => reached(backend).every((it) => it !== 'https'));
  if (plain && kindOf(value).isTlsOnly)
    return [
      document.mistake(
        ['faults', at],
        `\`${value.kind}\` needs an address reached by TLS, and ${plain.name} has none here`,
        'Give `simulate: { paths: [http, https] }` and `path: 2`, or an https:// address.',
      ),
    ];
  const isTls = meant.find((backend) => reached(backend).some((it) => it !== 'http'));
  if (!isTls || planFaults([value]).every(worksOnTls)) return [];
  return [
    document.mistake(
      ['faults', at],
      `\`${value.kind}\` cannot be placed by turn or token on ${isTls.name}, which is reached by TLS`,
      'Use a kind that needs no more than bytes, in a window with `at` and `for`, or a plaintext ' +
        'address on the tailnet.',
    ),
  ];
};

/** How each address of a backend is reached: what is encrypted, or tunnelled, shows bytes only. */
const pathsOf = ({ urls, egress, simulate }: BackendSystem): readonly string[] => {
  if (simulate) return simulate.kind === 'spark' ? (simulate.paths ?? ['http']) : ['http'];
  return urls.map((url) => {
    if (url.startsWith('https:')) return 'https';
    return egress?.[url] === undefined ? 'http' : 'tunnel';
  });
};

/** Commands of a file are run only for somebody who has said that they may. */
const executionMistakes = (
  value: unknown,
  at: number,
  { document, mayExecute }: ArmGround,
): readonly Mistake[] =>
  mayExecute || property(value, 'kind') !== 'exec'
    ? []
    : [
        document.mistake(
          ['faults', at, 'kind'],
          'this runs a command on this machine, which has not been allowed',
          'Read `command` and `heal`, then run with --allow-exec or SPILLWAY_ALLOW_EXEC=1.',
        ),
      ];

/** A run that can reach a cloud that costs money says what it may spend. */
const spendMistakes = ({ system, isForeign, document }: ArmGround): readonly Mistake[] => {
  const clouds = (system?.backends ?? []).filter(
    ({ residency, simulate }) => residency === 'cloud' && simulate === undefined,
  );
  const limit = system?.economics.spendMaxUsd;
  if (isForeign || clouds.length === 0 || limit !== undefined) return [];
  const names = clouds.map(({ name }) => name).join(' and ');
  return [
    document.mistake(
      ['system'],
      `expected a spend limit, since ${names} can cost money, found none`,
      'Add `spendMaxJpy` or `spendMaxUsd` under `economics:` in the system file, mark the backend ' +
        '`residency: local` if it is yours, or run with --local-only.',
    ),
  ];
};

/** What is the same in every arm. */
export const scenarioMistakes = (
  value: unknown,
  { document, isForeign }: Pick<ArmGround, 'document' | 'isForeign'>,
): readonly Mistake[] => [
  ...(isForeign && itemsOf(value, 'faults').length > 0 && !hasSuite(value)
    ? [
        document.mistake(
          ['faults'],
          'faults stand between our own proxy and its backends, which --target leaves out',
          'Replay a scenario without faults or a suite, or leave --target away.',
        ),
      ]
    : []),
  ...suiteMistakes(value, document),
  ...whole(value, 'faults', rowSchema).flatMap(([at, fault]) =>
    // A row of a suite acts when its trial comes.
    faultProblems(hasSuite(value) ? { at: '0 s', ...fault } : fault).map(({ key, problem, hint }) =>
      document.mistake(['faults', at, key], problem, hint),
    ),
  ),
  ...whole(withModels(withTrialLoad(value)), 'workloads', workloadSchema).flatMap(
    ([at, workload]) =>
      workloadMistakes(workload).map(({ path, problem, hint }) =>
        document.mistake(['workloads', at, ...partsOf(path)], problem, hint),
      ),
  ),
  ...objectiveMistakes(value, document),
  ...limitMistakes(value, document),
  ...twins(value, 'workloads', document),
  ...twins(value, 'variants', document),
];

/** The items whose shape is right, each with its place in the list. */
const whole = <Schema extends TSchema>(
  value: unknown,
  name: string,
  schema: Schema,
): readonly (readonly [number, Static<Schema>])[] =>
  itemsOf(value, name).flatMap((item, at) =>
    Value.Check(schema, item) ? [[at, item] as const] : [],
  );

/** Which model is asked does not matter here; that none is named is no mistake. */
const withModels = (value: unknown): unknown => ({
  workloads: itemsOf(value, 'workloads').map((it) => (isRecord(it) ? { model: 'any', ...it } : it)),
});

const objectiveMistakes = (value: unknown, document: SourceDocument): readonly Mistake[] => {
  const variants = itemsOf(value, 'variants').map((variant) => property(variant, 'name'));
  const arms = variants.length > 0 ? variants.map(String) : ['main'];
  return itemsOf(value, 'objectives').flatMap((text, at) => {
    if (typeof text !== 'string') return [];
    const parsed = parseObjective(text);
    if ('error' in parsed) return [document.mistake(['objectives', at], parsed.error, parsed.hint)];
    if (parsed.arm === undefined || arms.includes(parsed.arm)) return [];
    const hint =
      closest(parsed.arm, arms) ?? `There ${arms.length === 1 ? 'is' : 'are'}: ${arms.join(', ')}.`;
    return [document.mistake(['objectives', at], `no variant is called '${parsed.arm}'`, hint)];
  });
};

const limitIds = ['ttft', 'ttfo', 'tpot', 'e2e'] as const;

const limitMistakes = (value: unknown, document: SourceDocument): readonly Mistake[] => {
  const limits = property(value, 'limits');
  return Object.keys(isRecord(limits) ? limits : {})
    .filter((id) => metricById(id)?.unit !== 'ms')
    .map((id) => {
      const hint = closest(id, limitIds) ?? `Use one of ${limitIds.join(', ')}.`;
      return document.mistake(['limits', id], `no duration is called '${id}'`, hint, true);
    });
};

/** Workloads, or variants, of the same name. */
const twins = (
  value: unknown,
  list: 'workloads' | 'variants',
  document: SourceDocument,
): readonly Mistake[] => {
  const names = itemsOf(value, list).map((item) => property(item, 'name'));
  return names.flatMap((name, at) =>
    typeof name === 'string' && names.indexOf(name) < at
      ? [
          document.mistake(
            [list, at, 'name'],
            `two ${list} are called '${name}'`,
            'Give each its own name.',
          ),
        ]
      : [],
  );
};

/** `script[0].think` → `script`, 0, `think`. */
const partsOf = (path: string): readonly (string | number)[] =>
  path
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
