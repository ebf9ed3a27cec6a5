/**
 * What a server says once HTTP can be spoken with it: who it is, whether our key is good, which
 * models it has, and, for Ollama, what is in memory and on the GPU.
 *
 * Nothing is asked that costs money: a list of models is free everywhere.
 */

import Type from 'typebox';
import Value from 'typebox/value';

import type { BackendSystem, Candidate } from '../system/system.ts';
import { type Answer, type Conversation, answerMsMax } from './conversation.ts';
import type { Fact, Finding, Level } from './finding.ts';

const versionShape = Type.Object({ version: Type.String() });
const tagsShape = Type.Object({
  models: Type.Array(
    Type.Object({ name: Type.String(), remote_host: Type.Optional(Type.String()) }),
  ),
});
const psShape = Type.Object({
  models: Type.Array(
    Type.Object({
      name: Type.String(),
      size: Type.Optional(Type.Number()),
      size_vram: Type.Optional(Type.Number()),
      context_length: Type.Optional(Type.Number()),
    }),
  ),
});
const listShape = Type.Object({
  data: Type.Array(Type.Object({ id: Type.String(), owned_by: Type.Optional(Type.String()) })),
});
const spillwayShape = Type.Object({
  service: Type.Literal('spillway'),
  version: Type.String(),
});

/** Asks the server behind `url` what it is and has. The first finding is that of HTTP. */
export const lookAtServer = (
  backend: BackendSystem,
  candidates: readonly Candidate[],
  url: URL,
  talk: Conversation,
): Promise<readonly Finding[]> =>
  backend.wire === 'ollama'
    ? lookAtOllama(backend, candidates, url, talk)
    : lookAtApi(backend, candidates, url, talk);

const lookAtOllama = async (
  backend: BackendSystem,
  candidates: readonly Candidate[],
  url: URL,
  talk: Conversation,
): Promise<readonly Finding[]> => {
  const base = url.pathname.replace(/\/+$/, '');
  const headers = bearer(backend.apiKey);
  const version = await talk.get(`${base}/api/version`, headers);
  const http = httpFinding(version, `${base}/api/version`, backend.apiKey !== undefined);
  if (http.level === 'bad' || version.kind !== 'answer') return [http];
  if (!Value.Check(versionShape, version.json))
    return [http, { step: 'version', level: 'bad', fact: { kind: 'not-ollama' } }];
  const about = { step: 'version', level: 'ok' } as const;
  const findings: Finding[] = [
    http,
    { ...about, fact: { kind: 'ollama', version: version.json.version } },
  ];
  if (isOpenToAll(backend, url))
    findings.push({ step: 'http', level: 'warn', fact: { kind: 'keyless', host: url.hostname } });
  // A model that it only passes on, to servers of others, is never in its memory.
  let own = candidates;
  const tags = await talk.get(`${base}/api/tags`, headers);
  if (tags.kind === 'answer' && Value.Check(tagsShape, tags.json)) {
    const names = tags.json.models.map(({ name }) => name);
    findings.push(...modelFindings(candidates, names, true));
    for (const { name: model, remote_host: host = '' } of tags.json.models) {
      if (host === '' || !candidates.some((it) => isAmong(it.model, [model]))) continue;
      own = own.filter((it) => !isAmong(it.model, [model]));
      if (backend.residency === 'local')
        findings.push({
          step: 'models',
          level: 'warn',
          fact: { kind: 'remote-model', model, host },
        });
    }
  }
  const loaded = await talk.get(`${base}/api/ps`, headers);
  if (loaded.kind === 'answer' && Value.Check(psShape, loaded.json))
    findings.push(...memoryFindings(own, loaded.json.models));

  return findings;
};

interface LoadedModel {
  readonly name: string;
  readonly size?: number;
  readonly size_vram?: number;
  readonly context_length?: number;
}

const memoryFindings = (
  candidates: readonly Candidate[],
  loaded: readonly LoadedModel[],
): readonly Finding[] => {
  const findings: Finding[] = [];
  const names = loaded.map(({ name }) => name);
  if (names.length > 0)
    findings.push({ step: 'memory', level: 'ok', fact: { kind: 'loaded', models: names } });
  const cold = candidates.map(({ model }) => model).filter((model) => !isAmong(model, names));
  if (cold.length > 0)
    findings.push({ step: 'memory', level: 'warn', fact: { kind: 'not-loaded', models: cold } });
  for (const { name: model, size = 0, size_vram = 0, context_length: tokens } of loaded) {
    if (size > 0) {
      const ratio = Math.min(1, size_vram / size);
      const level: Level = ratio === 0 ? 'bad' : ratio < 1 ? 'warn' : 'ok';
      findings.push({ step: 'gpu', level, fact: { kind: 'on-gpu', model, ratio } });
    }
    if (tokens === undefined) continue;
    const numCtx = candidates.find((it) => isAmong(it.model, [model]))?.numCtx;
    findings.push(
      numCtx === undefined || numCtx === tokens
        ? { step: 'context', level: 'ok', fact: { kind: 'window', model, tokens } }
        : { step: 'context', level: 'warn', fact: { kind: 'other-window', model, tokens, numCtx } },
    );
  }
  return findings;
};

const lookAtApi = async (
  backend: BackendSystem,
  candidates: readonly Candidate[],
  url: URL,
  talk: Conversation,
): Promise<readonly Finding[]> => {
  const path = modelsPath(backend, url);
  const answer = await talk.get(path, keyHeader(backend));
  const asked = httpFinding(answer, path, backend.apiKey !== undefined);
  // A token is not ours to ask for here; that one is wanted shows that the way is open.
  const isTokenWanted = backend.entra && asked.fact.kind === 'unauthorized';
  const http: Finding = isTokenWanted
    ? { ...asked, level: 'ok', fact: { kind: 'token-not-tried' } }
    : asked;
  const findings: Finding[] = [http];
  if (answer.kind !== 'answer') return findings;
  // Azure lists the models of its region there, not one's deployments.
  if (backend.wire !== 'openai' || answer.status !== 200 || !Value.Check(listShape, answer.json))
    return findings;
  const { data } = answer.json;
  const names = data.map(({ id }) => id);
  findings.push(...modelFindings(candidates, names, false));
  // Others are not asked for their health: LiteLLM's calls every model it has, for money.
  if (!data.some(({ owned_by: owner }) => owner === 'spillway')) return findings;
  const health = await talk.get(`${url.pathname.replace(/\/v1\/?$|\/+$/, '')}/health`);
  if (health.kind === 'answer' && Value.Check(spillwayShape, health.json)) {
    const { version } = health.json;
    findings.push({ step: 'version', level: 'ok', fact: { kind: 'spillway', version } });
  }
  return findings;
};

/** The base may be the bare host or end in `/openai/v1`, as both are shown in Azure's portal. */
const modelsPath = ({ wire, apiVersion }: BackendSystem, { pathname }: URL): string => {
  const base = pathname.replace(/\/+$/, '');
  if (wire !== 'azure-openai') return `${base}/models`;
  const root = base.replace(/\/openai(?:\/v1)?$/, '');
  const query = apiVersion === undefined ? '' : `?api-version=${encodeURIComponent(apiVersion)}`;
  const isDated = apiVersion !== undefined && /^\d{4}-/.test(apiVersion);
  return `${root}/openai/${isDated ? '' : 'v1/'}models${query}`;
};

const keyHeader = ({ wire, apiKey }: BackendSystem): Readonly<Record<string, string>> =>
  wire === 'azure-openai' && apiKey !== undefined ? { 'api-key': apiKey } : bearer(apiKey);

const bearer = (key: string | undefined): Readonly<Record<string, string>> =>
  key === undefined ? {} : { authorization: `Bearer ${key}` };

const httpFinding = (answer: Answer, path: string, hasKey: boolean): Finding => {
  const { tookMs } = answer;
  if (answer.kind === 'silent')
    return {
      step: 'http',
      level: 'bad',
      fact: { kind: 'http-silent', waitedMs: answerMsMax },
      tookMs,
    };
  if (answer.kind === 'broken')
    return {
      step: 'http',
      level: 'bad',
      fact: { kind: 'http-broken', message: answer.message },
      tookMs,
    };
  return { step: 'http', ...statusFact(answer.status, path, hasKey), tookMs };
};

const statusFact = (
  status: number,
  path: string,
  hasKey: boolean,
): { readonly level: Level; readonly fact: Fact } => {
  if (status < 400) return { level: 'ok', fact: { kind: 'answered', status } };
  if (status === 401 || status === 403)
    return { level: 'bad', fact: { kind: 'unauthorized', status, hasKey } };
  if (status === 404 || status === 405)
    return { level: 'warn', fact: { kind: 'no-api', status, path } };
  if (status === 429) return { level: 'warn', fact: { kind: 'rate-limited' } };
  if (status >= 502 && status <= 504) return { level: 'bad', fact: { kind: 'gateway', status } };

  return { level: status >= 500 ? 'bad' : 'warn', fact: { kind: 'bad-status', status } };
};

const modelFindings = (
  candidates: readonly Candidate[],
  names: readonly string[],
  isOllama: boolean,
): readonly Finding[] => {
  const wanted = [...new Set(candidates.map(({ model }) => model))];
  const present = wanted.filter((model) => isAmong(model, names));
  const missing = wanted.filter((model) => !isAmong(model, names));
  const level: Level = isOllama ? 'bad' : 'warn';
  return [
    ...(present.length > 0
      ? [{ step: 'models', level: 'ok', fact: { kind: 'has-models', models: present } } as const]
      : []),
    ...missing.map((model): Finding => ({
      step: 'models',
      level,
      fact: { kind: 'lacks-model', model, isOllama },
    })),
  ];
};

/** Ollama takes a name without a tag for its `latest`. */
const isAmong = (model: string, names: readonly string[]): boolean =>
  names.some((name) => name === model || name === `${model}:latest`);

/** An Ollama that answers without a key under a name that the whole internet can resolve. */
const isOpenToAll = ({ apiKey }: BackendSystem, { protocol, hostname }: URL): boolean =>
  apiKey === undefined &&
  protocol === 'https:' &&
  hostname.includes('.') &&
  !/^[\d.]+$/.test(hostname);
