/**
 * How a backend may be reached: with which key or token, through which HTTP proxy, trusting which
 * certificates; and what must not be reached at all as the file stands.
 */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { azureVersionHas } from './azure-version.ts';
import { isProxyUrl, proxyNamed } from './egress.ts';
import { type EntraSource, entraSource } from './entra.ts';
import type { Environment } from './environment.ts';
import { reachOf } from './host.ts';
import type { BackendFile } from './schema.ts';
import type { BackendSystem, Residency } from './system.ts';

/** What is known besides the file. */
export interface Surroundings {
  readonly environment: Environment;
  /** The folder of the file, to which its paths are relative. */
  readonly directory: string;
}

type Path = readonly (string | number)[];
type Wrong = (path: Path, problem: string, hint: string) => void;

/** The part of a backend that says how it is reached. */
export const accessOf = (
  backend: BackendFile,
  residency: Residency,
  { environment, directory }: Surroundings,
): Pick<BackendSystem, 'egress' | 'caFile' | 'entra'> => {
  const egress = urlsOf(backend).flatMap((url) => {
    const proxy = proxyFor(backend, residency, url, environment);
    return proxy === undefined ? [] : [[url.given, proxy] as const];
  });
  return {
    ...(egress.length > 0 && { egress: Object.fromEntries(egress) }),
    ...(backend.caFile !== undefined && { caFile: fromFolder(directory, backend.caFile) }),
    ...entraOf(backend, environment),
  };
};

const entraOf = ({ auth }: BackendFile, environment: Environment): Pick<BackendSystem, 'entra'> => {
  const source = auth === undefined ? undefined : entraSource(environment).source;
  if (source?.kind !== 'client-secret') return source ? { entra: source } : {};
  const authority = new URL(source.authority);
  const proxy = reachOf(authority) === 'public' ? proxyNamed(authority, environment) : undefined;
  return { entra: { ...source, ...(proxy !== undefined && { proxy }) } };
};

interface Address {
  /** As the file has it. */
  readonly given: string;
  readonly parsed: URL;
  readonly path: Path;
}

const urlsOf = (backend: BackendFile): readonly Address[] =>
  (backend.urls ?? (backend.url === undefined ? [] : [backend.url])).flatMap((given, at) =>
    URL.canParse(given)
      ? [{ given, parsed: new URL(given), path: backend.urls ? ['urls', at] : ['url'] }]
      : [],
  );

/** The environment is asked for clouds only: what is at home is not on the far side of a proxy. */
const proxyFor = (
  backend: BackendFile,
  residency: Residency,
  { parsed }: Address,
  environment: Environment,
): string | undefined => {
  if (backend.proxy !== undefined) return backend.proxy === 'none' ? undefined : backend.proxy;
  if (residency === 'local' || reachOf(parsed) === 'loopback') return undefined;
  return proxyNamed(parsed, environment);
};

/** What is wrong with the way to a backend. */
export const checkAccess = (
  name: string,
  backend: BackendFile,
  residency: Residency,
  { environment, directory }: Surroundings,
  wrong: Wrong,
): void => {
  const path = ['backends', name];
  if (backend.url === 'simulated') return checkSimulated(path, backend, wrong);
  checkEntra(path, backend, environment, wrong);
  checkVersion(path, backend, wrong);
  checkKeyless(path, backend, wrong);
  checkProxy(path, backend, residency, environment, wrong);
  if (backend.caFile === undefined) return;
  const problem = certificateProblem(fromFolder(directory, backend.caFile));
  if (problem !== undefined)
    wrong([...path, 'caFile'], problem, 'Name a PEM file with the certificate of the authority.');
};

const checkSimulated = (path: Path, backend: BackendFile, wrong: Wrong): void => {
  for (const key of ['auth', 'allowKeyless', 'proxy', 'caFile'] as const)
    if (backend[key] !== undefined)
      wrong([...path, key], 'a simulated backend has no use for it', 'Remove it.');
};

const checkEntra = (
  path: Path,
  { kind, auth, apiKey }: BackendFile,
  environment: Environment,
  wrong: Wrong,
): void => {
  if (auth === undefined) return;
  const at = [...path, 'auth'];
  if (kind !== 'azure-openai')
    wrong(at, `expected an azure-openai backend, found ${kind}`, 'Use `apiKey`.');
  if (apiKey !== undefined)
    wrong(at, 'expected either `auth` or `apiKey`, found both', 'Remove one of them.');
  const { problem } = entraSource(environment);
  if (problem !== undefined) {
    const hint =
      'Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or none of them ' +
      'where Azure gives the machine an identity.';
    wrong(at, problem, hint);
  }
};

/** An API that the version does not have would be a 404 for each request. */
const checkVersion = (path: Path, { kind, api, apiVersion }: BackendFile, wrong: Wrong): void => {
  if (kind !== 'azure-openai' || azureVersionHas(api ?? 'responses', apiVersion)) return;
  const [problem, other] =
    api === 'chat'
      ? ['expected 2024-09-01-preview or later for chat', 'write `apiVersion: 2024-10-21`']
      : ['expected 2025-03-01-preview or later for the Responses API', 'write `api: chat`'];
  const hint = `Leave \`apiVersion\` out for Azure's v1 API, or ${other}.`;
  wrong([...path, 'apiVersion'], `${problem}, found ${apiVersion}`, hint);
};

/** An Ollama has no keys of its own: on a public name everybody can use it, and its disk. */
const checkKeyless = (path: Path, backend: BackendFile, wrong: Wrong): void => {
  if (backend.allowKeyless !== undefined && backend.kind !== 'ollama')
    wrong([...path, 'allowKeyless'], 'only an `ollama` backend has this', 'Remove it.');
  if (backend.kind !== 'ollama' || backend.apiKey !== undefined || backend.allowKeyless === true)
    return;
  for (const url of urlsOf(backend)) {
    if (reachOf(url.parsed) !== 'public') continue;
    const hint =
      'Keep Ollama on loopback behind a second Spillway with `keys`, use its tailnet or private ' +
      'address, or write `allowKeyless: true` if something else asks for a key there.';
    const problem = `expected a key, since everybody can reach ${url.parsed.hostname}; found none`;
    wrong([...path, ...url.path], problem, hint);
  }
};

const checkProxy = (
  path: Path,
  backend: BackendFile,
  residency: Residency,
  environment: Environment,
  wrong: Wrong,
): void => {
  for (const url of urlsOf(backend)) {
    const proxy = proxyFor(backend, residency, url, environment);
    if (proxy === undefined || isProxyUrl(proxy)) continue;
    const where = backend.proxy === undefined ? [...path, ...url.path] : [...path, 'proxy'];
    const whose = backend.proxy === undefined ? 'the proxy that the environment names' : 'a proxy';
    const scheme = /^[a-z0-9+.-]+(?=:)/i.exec(proxy)?.[0] ?? 'something else';
    const hint = 'Write `http://proxy.example.com:3128`, or `proxy: none` for this backend.';
    wrong(where, `expected ${whose} to be http:// or https://, found ${scheme}`, hint);
  }
};

const certificateProblem = (file: string): string | undefined => {
  try {
    void new X509Certificate(readFileSync(file));
    return undefined;
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isAbsent
      ? `no such file: ${file}`
      : `expected certificates in PEM, found none in ${file}`;
  }
};

const fromFolder = (directory: string, path: string): string =>
  isAbsolute(path) ? path : join(directory, path);

/** The same, for people to read. */
export const accessWithoutSecrets = ({
  egress,
  entra,
}: BackendSystem): Pick<BackendSystem, 'egress' | 'entra'> => ({
  ...(egress && {
    egress: Object.fromEntries(
      Object.entries(egress).map(([url, proxy]) => [
        withoutCredentials(url),
        withoutCredentials(proxy),
      ]),
    ),
  }),
  ...(entra && { entra: entraWithoutSecrets(entra) }),
});

const entraWithoutSecrets = (entra: EntraSource): EntraSource => {
  switch (entra.kind) {
    case 'client-secret': {
      const { proxy } = entra;
      return {
        ...entra,
        clientSecret: '(hidden)',
        ...(proxy !== undefined && { proxy: withoutCredentials(proxy) }),
      };
    }
    case 'app-service':
      return { ...entra, header: '(hidden)' };
    case 'virtual-machine':
      return entra;
  }
};

/** A URL without the name and password in it. */
export const withoutCredentials = (url: string): string => {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.username === '' && parsed.password === '') return url;
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
};
