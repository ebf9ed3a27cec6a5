/**
 * LiteLLM's groups as models with their candidates in order: the deployments of the group by
 * `order` and by share, then the groups that stand in for it.
 */

import { type Path, type Reading, remarkAt } from './litellm-section.ts';
import { type Deployment, type NamedDeployment, shareKeys } from './litellm-deployment.ts';
import type { FallbackSource, Settings } from './litellm-setting.ts';
import { filledIn, modelFor } from './model-name.ts';
import type { ModelFile } from './schema.ts';
import type { Candidate } from './system.ts';
import { isRecord } from './validation.ts';

export interface Group {
  readonly name: string;
  readonly model: ModelFile;
  readonly candidateCount: number;
  /** Where the first of its deployments stands, or its alias. */
  readonly path: Path;
}

/** Makes a model of each group and of each alias. */
export const readGroups = (
  reading: Reading,
  named: readonly NamedDeployment[],
  settings: Settings,
): readonly Group[] => {
  const names = [...new Set(named.map(({ deployment }) => deployment.group))];
  const members = (name: string): readonly NamedDeployment[] => membersOf(name, names, named);
  const aliases = readAliases(reading, names, (name) => members(name).length > 0, settings);
  const exists = (name: string): boolean => members(name).length > 0 || aliases.has(name);
  const fallbacks = readFallbacks(reading, settings, exists);
  const modelOf = (name: string): ModelFile => {
    const own = members(name);
    const stand = standIns(name, fallbacks, settings.fallbacksMax).flatMap((other) =>
      members(aliases.get(other)?.target ?? other),
    );
    const others = stand.filter(
      (it, at) =>
        !own.some((one) => isSame(one, it)) && stand.findIndex((one) => isSame(one, it)) === at,
    );
    return modelFile(own, others, settings);
  };
  const ids = named.flatMap(({ deployment: { id } }) => id ?? []);
  // What a pattern serves, and has fallbacks of its own.
  const covered = [...fallbacks.failing.keys(), ...fallbacks.tooLong.keys()].filter(
    (name) => name !== '*' && members(name).length > 0,
  );
  const listed = new Set([...names, ...aliases.keys()]);
  const unlisted = [...new Set([...covered, ...ids])].filter((name) => !listed.has(name));
  return [
    ...names.map((name) => groupOf(name, modelOf(name), members(name)[0]?.deployment.path ?? [])),
    ...[...aliases].map(([name, { target, path, isHidden }]) =>
      groupOf(name, isHidden ? hidden(modelOf(target)) : modelOf(target), path),
    ),
    ...unlisted.map((name) =>
      groupOf(name, hidden(modelOf(name)), members(name)[0]?.deployment.path ?? []),
    ),
  ];
};

const groupOf = (name: string, model: ModelFile, path: Path): Group => ({
  name,
  model,
  candidateCount: 'candidates' in model ? model.candidates.length : model.length,
  path,
});

const hidden = (model: ModelFile): ModelFile => ({
  ...('candidates' in model ? model : { candidates: model }),
  hidden: true,
});

/** Those of a group, or the one of that id, or what a pattern makes of the name. */
const membersOf = (
  name: string,
  names: readonly string[],
  named: readonly NamedDeployment[],
): readonly NamedDeployment[] => {
  const own = named.filter(({ deployment: { group, id } }) => group === name || id === name);
  if (own.length > 0) return own;
  const pattern = modelFor(
    names.map((it) => ({ name: it })),
    name,
  )?.name;
  return named
    .filter(({ deployment }) => deployment.group === pattern)
    .map(({ name: backend, deployment }) => {
      const { candidate, group } = deployment;
      const model = filledIn(candidate.model, group, name);
      return { name: backend, deployment: { ...deployment, candidate: { ...candidate, model } } };
    });
};

const isSame = (one: NamedDeployment, other: NamedDeployment): boolean =>
  one.name === other.name && one.deployment.candidate.model === other.deployment.candidate.model;

interface Alias {
  readonly target: string;
  readonly isHidden: boolean;
  readonly path: Path;
}

const readAliases = (
  reading: Reading,
  names: readonly string[],
  isServed: (name: string) => boolean,
  { aliases }: Settings,
): ReadonlyMap<string, Alias> =>
  new Map(
    aliases.keys.flatMap((name): readonly (readonly [string, Alias])[] => {
      const value = aliases.take(name);
      const path = [...aliases.path, name];
      const target = isRecord(value) ? value['model'] : value;
      const isHidden = isRecord(value) && value['hidden'] === true;
      if (names.includes(name)) {
        remarkAt(reading, path, 'left out: a model of this name is in the list', true);
        return [];
      }
      if (typeof target === 'string' && isServed(target))
        return [[name, { target, path, isHidden }]];
      remarkAt(reading, path, `left out: no model is called '${String(target)}'`, true);
      return [];
    }),
  );

const listOf = (source: FallbackSource | undefined): readonly unknown[] =>
  source ? source.section.list(source.key) : [];

/** By the name of a group, those that stand in for it; `*` for every other. */
interface Fallbacks {
  readonly failing: ReadonlyMap<string, readonly string[]>;
  readonly tooLong: ReadonlyMap<string, readonly string[]>;
  readonly others: readonly string[];
}

const readFallbacks = (
  reading: Reading,
  settings: Settings,
  exists: (name: string) => boolean,
): Fallbacks => {
  const known = (name: unknown, path: Path): readonly string[] => {
    if (typeof name === 'string' && exists(name)) return [name];
    const shown = typeof name === 'string' ? `no model is called '${name}'` : 'expected a name';
    remarkAt(reading, path, `left out: ${shown}`);
    return [];
  };
  const mapOf = (source: FallbackSource | undefined): Fallbacks['failing'] => {
    const place = [...(source?.section.path ?? []), source?.key ?? ''];
    const entries = listOf(source);
    const named = entries.flatMap((entry, at) =>
      Object.entries(isRecord(entry) ? entry : {}).flatMap(([from, targets]) => {
        const path = [...place, at, from];
        const list: readonly unknown[] = Array.isArray(targets) ? targets : [targets];
        const to = list.flatMap((target, position) => known(target, [...path, position]));
        return from === '*' || known(from, [...place, at]).length > 0 ? [[from, to] as const] : [];
      }),
    );
    // Bare names stand in for every group.
    const bare = entries.flatMap((entry, at) =>
      isRecord(entry) ? [] : known(entry, [...place, at]),
    );
    return new Map([...(bare.length > 0 ? [['*', bare] as const] : []), ...named]);
  };
  const { defaultFallbacks } = settings;
  return {
    failing: mapOf(settings.fallbacks),
    tooLong: mapOf(settings.contextFallbacks),
    others: listOf(defaultFallbacks).flatMap((name, at) =>
      known(name, [...(defaultFallbacks?.section.path ?? []), 'default_fallbacks', at]),
    ),
  };
};

/**
 * The groups that stand in for one, in order, each with its own stand-ins after it, as LiteLLM goes
 * through them; what stands in for every group does so for the first alone. Those for prompts that
 * are too long come last: what does not fit passes over the rest.
 */
const standIns = (name: string, fallbacks: Fallbacks, countMax: number): readonly string[] => {
  const found: string[] = [];
  const visit = (group: string): void => {
    const isFirst = group === name;
    const every = isFirst ? (fallbacks.failing.get('*') ?? fallbacks.others) : [];
    const everyLong = isFirst ? (fallbacks.tooLong.get('*') ?? []) : [];
    const failing = fallbacks.failing.get(group) ?? every;
    const tooLong = fallbacks.tooLong.get(group) ?? everyLong;
    for (const next of [...failing, ...tooLong]) {
      if (next === name || found.includes(next)) continue;
      found.push(next);
      visit(next);
    }
  };
  visit(name);
  return found.slice(0, countMax);
};

/** Own deployments first; a share is drawn among those of the lowest `order` only. */
const modelFile = (
  own: readonly NamedDeployment[],
  stand: readonly NamedDeployment[],
  { strategy, remarkOnStrategy }: Settings,
): ModelFile => {
  const sorted = own.toSorted((one, other) => compareOrder(one.deployment, other.deployment));
  const first = sorted.filter((it) => it.deployment.order === sorted[0]?.deployment.order);
  const rest = [...sorted.filter((it) => !first.includes(it)), ...stand];
  const candidates = [...first, ...rest].map(candidateOf);
  if (first.length < 2) return candidates;
  const deployments = first.map(({ deployment }) => deployment);
  if (strategy !== 'weighted' && rest.length === 0) return { strategy, candidates };
  if (strategy !== 'weighted')
    remarkOnStrategy(
      `\`${deployments[0]?.group}\` is shared evenly among those with room: ${strategy} would ` +
        'count its fallbacks in',
    );
  // Only shares can say that some are asked last.
  const shares = strategy === 'weighted' ? sharesOf(deployments) : first.map(() => 1);
  return {
    strategy: 'weighted',
    candidates: candidates.map((candidate, at) => ({ ...candidate, weight: shares[at] ?? 0 })),
  };
};

const compareOrder = (one: Deployment, other: Deployment): number =>
  one.order === other.order ? 0 : one.order - other.order;

/** By the first key that any of them has, as LiteLLM looks for them; else alike. */
const sharesOf = (deployments: readonly Deployment[]): readonly number[] => {
  const key = shareKeys.find((it) => deployments.some(({ shares }) => (shares[it] ?? 0) > 0));
  return deployments.map(({ shares }) => (key === undefined ? 1 : (shares[key] ?? 0)));
};

const candidateOf = ({ name, deployment }: NamedDeployment): Candidate => ({
  backend: name,
  ...deployment.candidate,
});
