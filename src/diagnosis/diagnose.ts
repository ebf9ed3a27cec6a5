/** Every backend of a system, looked at over each of its addresses, all at the same time. */

import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';

import { isPattern } from '../system/model-name.ts';
import type { BackendSystem, Candidate, System } from '../system/system.ts';
import { conversation } from './conversation.ts';
import {
  type AddressDiagnosis,
  type BackendDiagnosis,
  type Finding,
  type Level,
  pathSteps,
  worst,
} from './finding.ts';
import { type PathParts, walk } from './path.ts';
import { lookAtServer } from './server-look.ts';

/** Looks at one backend. Never throws: what goes wrong is a finding. */
export const diagnoseBackend = async (
  backend: BackendSystem,
  candidates: readonly Candidate[],
  parts: PathParts,
): Promise<BackendDiagnosis> => {
  const { name, wire, residency } = backend;
  const addresses = await Promise.all(
    backend.urls.map((url) => diagnoseAddress(backend, candidates, url, parts)),
  );
  const reached = addresses.filter(({ isReachable }) => isReachable);
  // An address that fails beside one that works is worth a warning, no more.
  const level = worst([
    ...reached.map(levelOf),
    ...(reached.length === addresses.length
      ? []
      : ([reached.length > 0 ? 'warn' : 'bad'] as const)),
  ]);
  const isReachable = reached.length > 0 || addresses.length === 0;
  return { backend: name, kind: wire, residency, isReachable, level, addresses };
};

const levelOf = ({ findings }: AddressDiagnosis): Level =>
  worst(findings.map(({ level }) => level));

/** The candidates that a system has on each backend. */
export const candidatesOn = ({ models }: Pick<System, 'models'>, name: string) =>
  models
    .flatMap(({ candidates }) => candidates)
    .filter(({ backend, model }) => backend === name && !isPattern(model));

const diagnoseAddress = async (
  backend: BackendSystem,
  candidates: readonly Candidate[],
  url: string,
  parts: PathParts,
): Promise<AddressDiagnosis> => {
  const target = new URL(url);
  const { connectMs } = backend;
  const via = backend.via?.[url];
  const proxy = backend.egress?.[url];
  const ca = trustedBy(backend, via?.ca);
  const destination = {
    url: target,
    connectMs,
    ...(via && { via }),
    ...(proxy !== undefined && { proxy }),
    ...(ca && { ca }),
  };
  const way = await walk(destination, parts);
  const findings: Finding[] = [...way.findings];
  if (way.socket) {
    await using talk = conversation(target.origin, way.socket, parts.clock);
    findings.push(...(await lookAtServer(backend, candidates, target, talk)));
  }
  const isBroken = findings.some(({ step, level }) => level === 'bad' && pathSteps.includes(step));
  return { url: withoutCredentials(target), isReachable: !isBroken, findings };
};

const withoutCredentials = (url: URL): string => `${url.origin}${url.pathname}`.replace(/\/+$/, '');

/** The machine's own authorities and those of a file; without one, what Node trusts anyway. */
const trustedBy = (
  { caFile }: BackendSystem,
  besides: string | undefined,
): readonly string[] | undefined => {
  if (caFile === undefined && besides === undefined) return undefined;
  try {
    return [
      ...getCACertificates('default'),
      ...(caFile === undefined ? [] : [readFileSync(caFile, 'utf8')]),
      ...(besides === undefined ? [] : [besides]),
    ];
  } catch {
    // The proxy refuses to open with a file it cannot read; here TLS will tell.
    return undefined;
  }
};
