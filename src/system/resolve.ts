/**
 * From the file to the hybrid it describes: variables filled in, defaults made explicit, and
 * everything that names something checked to name something that is there.
 */

import { dirname, isAbsolute, join } from 'node:path';

import Value from 'typebox/value';

import { engineProfile, engineProfileNames } from '../engine/profile.ts';
import {
  accessOf,
  accessWithoutSecrets,
  checkAccess,
  type Surroundings,
  withoutCredentials,
} from './access.ts';
import { isCloudTag } from './cloud-tag.ts';
import type { SourceDocument } from './document.ts';
import { type Environment, fillIn } from './environment.ts';
import { isOwnHost } from './host.ts';
import type { Mistake, Remark } from './mistake.ts';
import { covers } from './model-name.ts';
import { candidatesOf, checkKeys, checkModel, keyOf, modelOf } from './route-rule.ts';
import { type BackendFile, type SystemFile, systemSchema } from './schema.ts';
import type {
  BackendSystem,
  Economics,
  ModelSystem,
  Residency,
  SimulatedCloud,
  SimulatedSpark,
  System,
} from './system.ts';
import { closest } from './validation.ts';

export interface Resolved<T> {
  /** Absent when there are mistakes. */
  readonly value?: T;
  readonly mistakes: readonly Mistake[];
  /** What there is to know of a file that can be used. */
  readonly remarks: readonly Remark[];
}

/** Resolves a system file. `value` stands in for the document's own when a variant changed it. */
export const resolveSystem = (
  document: SourceDocument,
  environment: Environment,
  changed: unknown = document.value,
): Resolved<System> => {
  const filled = fillIn(changed, environment, document);
  const shape = document.differencesFrom(systemSchema, changed);
  const known = { mistakes: document.mistakes ?? [], remarks: document.remarks ?? [] };
  if (shape.length > 0 || !Value.Check(systemSchema, filled.value))
    return { ...known, mistakes: [...known.mistakes, ...shape, ...filled.mistakes] };
  const file = filled.value;
  const surroundings = { environment, directory: dirname(document.file) };
  const mistakes = [
    ...known.mistakes,
    ...filled.mistakes,
    ...crossCheck(file, document, surroundings),
  ];
  if (mistakes.length > 0) return { ...known, mistakes };

  return {
    value: systemOf(file, surroundings),
    mistakes: [],
    remarks: [...known.remarks, ...remarksOn(file, document)],
  };
};

/** A deployment whose type says that it may be computed anywhere in the world. */
const remarksOn = (file: SystemFile, document: SourceDocument): readonly Remark[] =>
  Object.entries(file.backends).flatMap(([name, { deployment, url }]) => {
    if (deployment === undefined || !/^Global/i.test(deployment.type)) return [];
    if (url === 'simulated') return [];
    const where = deployment.region === undefined ? 'its region' : whereIs(deployment.region);
    const text = `a ${deployment.type} deployment may process outside ${where}`;
    const { hint: _, ...remark } = document.mistake(['backends', name, 'deployment'], text, '');
    return [remark];
  });

/** Residency is a matter of countries; Azure's regions name theirs. */
const whereIs = (region: string): string =>
  /^japan/i.test(region) ? `Japan (${region} only stores)` : region;

const systemOf = (file: SystemFile, surroundings: Surroundings): System => {
  const [host, port] = splitAddress(file.listen ?? '127.0.0.1:4000');
  const state = file.state ?? { kind: 'memory' as const };
  const retainDays = state.retainDays ?? 30;
  return {
    listen: { host, port },
    state:
      state.kind === 'memory'
        ? { kind: 'memory', retainDays }
        : {
            kind: 'sqlite',
            path: isAbsolute(state.path) ? state.path : join(surroundings.directory, state.path),
            retainDays,
          },
    ...(file.attemptsMax !== undefined && { attemptsMax: file.attemptsMax }),
    ...(file.drainMs !== undefined && { drainMs: file.drainMs }),
    ...(file.metrics !== undefined && { metrics: file.metrics }),
    ...(file.log && { log: logOf(file.log, surroundings.directory) }),
    keys: (file.keys ?? []).map((key) => keyOf(file, key)),
    backends: Object.entries(file.backends).map(([name, backend]) =>
      backendOf(name, backend, surroundings),
    ),
    models: Object.entries(file.models).map(([name, model]) => modelOf(name, model)),
    ...(file.defaultModel !== undefined && { defaultModel: file.defaultModel }),
    midStream: file.midStream === 'continue' ? 'continue' : 'fail',
    commitOn: file.commitOn === 'reasoning' ? 'reasoning' : 'text',
    cold: file.cold === 'wait' ? 'wait' : 'spill',
    spill: { queueMax: 2, waitMsMax: 1500, ...file.spill },
    breaker: { hardFailures: 1, softFailures: 3, openForMs: 5000, ...file.breaker },
    economics: economicsOf(file),
  };
};

/**
 * Only Ollama is taken to be at home, and only where its addresses are one's own: there are others
 * for rent. What is not known to be local is treated as a cloud.
 */
const residencyOf = ({ residency, kind, url, urls }: BackendFile): Residency => {
  const isOwn = (urls ?? [url ?? '']).every((it) => !URL.canParse(it) || isOwnHost(new URL(it)));
  return residency ?? (kind === 'ollama' && isOwn ? 'local' : 'cloud');
};

const backendOf = (
  name: string,
  backend: BackendFile,
  surroundings: Surroundings,
): BackendSystem => {
  const urls = backend.urls ?? (backend.url === undefined ? [] : [backend.url]);
  const isSimulated = urls[0] === 'simulated';
  const { kind, url: _, urls: __, simulate, ...more } = backend;
  const { auth: ___, proxy: ____, allowKeyless: _____, suspectMs: ______, ...rest } = more;
  const where = residencyOf(backend);
  const isLocal = where === 'local';
  const firstTokenMs = backend.firstTokenMs ?? 20_000;
  // A question costs nothing at home.
  const suspectMs = backend.suspectMs ?? (isLocal ? 2000 : 0);
  return {
    connectMs: isLocal ? 2500 : 3000,
    firstTokenMs,
    firstTokenMsMax: 6 * firstTokenMs,
    // Azure's content filter may hold text back for some 2 s at a time.
    stallMs: isLocal ? 20_000 : 8000,
    slots: isLocal ? (simulate?.parallel ?? 1) : 64,
    ...rest,
    ...(suspectMs > 0 && { suspectMs }),
    ...accessOf(backend, where, surroundings),
    name,
    wire: kind,
    residency: where,
    urls: isSimulated ? [] : urls,
    ...(isSimulated && {
      simulate: kind === 'ollama' ? simulatedSpark(simulate) : simulatedCloud(simulate),
    }),
  };
};

const simulatedSpark = (simulate: BackendFile['simulate']): SimulatedSpark => ({
  kind: 'spark',
  profiles: simulate?.profiles ?? [simulate?.profile ?? 'gpt-oss-120b@ollama'],
  parallel: simulate?.parallel ?? 1,
  isWarm: simulate?.warm ?? true,
  keepAliveMs: simulate?.keepAliveMs ?? 300_000,
  timeScale: simulate?.timeScale ?? 1,
  ...(simulate?.memoryGb !== undefined && { memoryGb: simulate.memoryGb }),
  ...(simulate?.port !== undefined && { port: simulate.port }),
  ...(simulate?.paths && { paths: simulate.paths }),
});

/** The defaults are gpt-4.1-mini's class on a standard deployment: p95/p50 of 3.2. */
const simulatedCloud = (simulate: BackendFile['simulate']): SimulatedCloud => {
  const ttftMsP50 = simulate?.ttftMsP50 ?? 900;
  return {
    kind: 'cloud',
    ttftMsP50,
    ttftMsP95: simulate?.ttftMsP95 ?? ttftMsP50 * 3.2,
    tokensPerSecond: simulate?.tokensPerSecond ?? 80,
    tokensPerMinute: simulate?.tokensPerMinute ?? Number.POSITIVE_INFINITY,
    requestsPerMinute: simulate?.requestsPerMinute ?? Number.POSITIVE_INFINITY,
    continues: simulate?.continues ?? 'well',
    timeScale: simulate?.timeScale ?? 1,
    ...(simulate?.port !== undefined && { port: simulate.port }),
  };
};

const logOf = (
  { file, level = 'info' }: NonNullable<SystemFile['log']>,
  directory: string,
): NonNullable<System['log']> => ({
  level,
  ...(file !== undefined && { file: isAbsolute(file) ? file : join(directory, file) }),
});

const economicsOf = (file: SystemFile): Economics => {
  const { fx, box, counterfactuals, spendMaxJpy, spendMaxUsd } = file.economics ?? {};
  const inYen = spendMaxJpy !== undefined && fx ? spendMaxJpy / fx.usdJpy : undefined;
  const spendMax = spendMaxUsd ?? inYen;
  return {
    ...(fx && { fx }),
    ...(box && { box }),
    counterfactuals: counterfactuals ?? ['gpt-oss-120b', 'gpt-5-mini', 'configured'],
    ...(spendMax !== undefined && { spendMaxUsd: spendMax }),
  };
};

/** What no schema can say: names that must exist, choices that exclude each other. */
const crossCheck = (
  file: SystemFile,
  document: SourceDocument,
  surroundings: Surroundings,
): readonly Mistake[] => {
  const mistakes: Mistake[] = [];
  const wrong = (path: readonly (string | number)[], problem: string, hint: string): void => {
    mistakes.push(document.mistake(path, problem, hint));
  };
  for (const [name, backend] of Object.entries(file.backends)) {
    checkBackend(name, backend, wrong);
    checkAccess(name, backend, residencyOf(backend), surroundings, wrong);
  }
  for (const [name, model] of Object.entries(file.models)) {
    const { candidates, path } = candidatesOf(name, model);
    for (const [at, candidate] of candidates.entries())
      checkCandidate(file, candidate, [...path, at], wrong);
    checkModel(name, model, wrong);
  }
  checkKeys(file, wrong);
  const models = Object.keys(file.models);
  const { defaultModel } = file;
  if (defaultModel !== undefined && !models.some((it) => covers(it, defaultModel))) {
    const hint = closest(defaultModel, models) ?? `Models here: ${models.join(', ')}.`;
    wrong(['defaultModel'], `no model is called '${defaultModel}'`, hint);
  }
  if (file.economics?.spendMaxJpy !== undefined && !file.economics.fx) {
    const hint = 'Add `fx: { usdJpy: …, asOf: …, source: … }`, or use spendMaxUsd.';
    wrong(['economics', 'spendMaxJpy'], 'expected an exchange rate beside it, found none', hint);
  }
  const port = splitAddress(file.listen ?? '127.0.0.1:4000')[1];
  if (port > 65_535)
    wrong(['listen'], `expected a port up to 65535, found ${port}`, 'Use a port such as 4000.');
  return mistakes;
};

type Wrong = (path: readonly (string | number)[], problem: string, hint: string) => void;

const checkBackend = (name: string, backend: BackendFile, wrong: Wrong): void => {
  const path = ['backends', name];
  if ((backend.url === undefined) === (backend.urls === undefined))
    wrong(path, 'expected either `url` or `urls`', 'Write `url: http://spark:11434`, say.');
  const urls = backend.urls ?? [backend.url ?? 'simulated'];
  for (const url of urls) {
    if (url === 'simulated' && urls.length === 1) continue;
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      const hint = 'Write `http://host:port`, `https://host`, or `simulated`.';
      wrong([...path, backend.urls ? 'urls' : 'url'], `expected a URL, found '${url}'`, hint);
    } else if (new URL(url).username !== '' || new URL(url).password !== '') {
      // An address is shown in errors and reports, so no secret may stand in it.
      const hint = 'Take the name and the password out, and use `apiKey: ${NAME}`.';
      wrong([...path, backend.urls ? 'urls' : 'url'], 'expected no password in an address', hint);
    }
  }
  if (backend.api === 'chat' && backend.kind === 'ollama') {
    const hint = 'Leave `api` out: Ollama has its own.';
    wrong([...path, 'api'], 'only a server of OpenAI or Azure is asked for chat', hint);
  }
  const { firstTokenMs = 20_000, firstTokenMsMax = Number.POSITIVE_INFINITY } = backend;
  if (firstTokenMsMax < firstTokenMs) {
    const problem = `expected at least firstTokenMs, ${firstTokenMs}, found ${firstTokenMsMax}`;
    const hint = 'Raise it, or lower `firstTokenMs`, which every prompt is given.';
    wrong([...path, 'firstTokenMsMax'], problem, hint);
  }
  if (backend.simulate && backend.url !== 'simulated')
    wrong([...path, 'simulate'], 'only a simulated backend has this', 'Write `url: simulated`.');
  if (backend.simulate?.paths && backend.kind !== 'ollama')
    wrong([...path, 'simulate', 'paths'], 'only a simulated Spark has this', 'Remove it.');
  for (const profile of profilesOf(backend)) {
    if (engineProfile(profile)) continue;
    const hint =
      closest(profile, engineProfileNames) ?? `Known profiles: ${engineProfileNames.join(', ')}.`;
    wrong([...path, 'simulate'], `no engine profile is called '${profile}'`, hint);
  }
};

const profilesOf = (backend: BackendFile): readonly string[] =>
  backend.simulate?.profiles ?? (backend.simulate?.profile ? [backend.simulate.profile] : []);

const checkCandidate = (
  file: SystemFile,
  candidate: ModelSystem['candidates'][number],
  path: readonly (string | number)[],
  wrong: Wrong,
): void => {
  const names = Object.keys(file.backends);
  const backend = file.backends[candidate.backend];
  if (!backend) {
    const hint = closest(candidate.backend, names) ?? `Backends here: ${names.join(', ')}.`;
    wrong([...path, 'backend'], `no backend is called '${candidate.backend}'`, hint);
    return;
  }
  if (residencyOf(backend) === 'local' && isCloudTag(candidate.model)) {
    const problem = `${candidate.model} runs in Ollama's cloud, and ${candidate.backend} is local`;
    const hint =
      'Name a model that is on the machine, or a second backend at the same address ' +
      'with `residency: cloud`.';
    wrong([...path, 'model'], problem, hint);
    return;
  }
  if (backend.kind !== 'ollama' || backend.url !== 'simulated') return;
  const profiles = profilesOf(backend);
  const tags = (profiles.length > 0 ? profiles : ['gpt-oss-120b@ollama'])
    .map((profile) => engineProfile(profile)?.tag)
    .filter((tag) => tag !== undefined);
  if (tags.includes(candidate.model)) return;
  const hint = closest(candidate.model, tags) ?? `It has ${tags.join(', ')}.`;
  const problem = `the backend ${candidate.backend} has no model '${candidate.model}'`;
  wrong([...path, 'model'], problem, hint);
};

/** `[::1]:4000` and `127.0.0.1:4000` alike. */
const splitAddress = (address: string): readonly [string, number] => {
  const at = address.lastIndexOf(':');
  return [address.slice(0, at).replaceAll(/[[\]]/g, ''), Number(address.slice(at + 1))];
};

/** The system with every secret replaced, for logs, reports and diagnostics. */
export const withoutSecrets = (system: System): System => ({
  ...system,
  keys: system.keys.map((key) => ({ ...key, key: '(hidden)' })),
  backends: system.backends.map((backend) => ({
    ...backend,
    ...(backend.apiKey !== undefined && { apiKey: '(hidden)' }),
    ...accessWithoutSecrets(backend),
    urls: backend.urls.map(withoutCredentials),
  })),
});
