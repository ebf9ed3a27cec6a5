/** A system in words: where it listens, what it calls, in which order, and within which limits. */

import { withoutCredentials } from '../system/access.ts';
import { describeRemark, type Remark } from '../system/mistake.ts';
import type { BackendSystem, Candidate, KeySystem, ModelSystem, System } from '../system/system.ts';

/** The system, a line for each thing in it. */
export const describeSystem = (system: System): readonly string[] => {
  const { hardFailures, softFailures, openForMs } = system.breaker;
  const isNever = softFailures === Number.MAX_SAFE_INTEGER;
  return [
    `listens on ${system.listen.host}:${system.listen.port}, state in ${system.state.kind}`,
    ...system.backends.map((backend) => `backend ${backend.name}: ${describeBackend(backend)}`),
    ...system.models.map((model) => `model ${model.name}: ${describeModel(model)}`),
    ...(system.defaultModel === undefined
      ? []
      : [`model of who names none: ${system.defaultModel}`]),
    ...system.keys.map((key) => `key ${key.name}: ${describeKey(key)}`),
    `mid-stream: ${system.midStream}; cold model: ${system.cold}`,
    ...(system.attemptsMax === undefined
      ? []
      : [`attempts: at most ${system.attemptsMax} backends for a request`]),
    isNever
      ? 'breaker: never opens of itself'
      : `breaker: opens after ${hardFailures} hard or ${softFailures} soft failures in a row, ` +
        `for ${seconds(openForMs)}`,
  ];
};

/** What there is to know of the file, under a line that says how much it is. */
export const describeRemarks = (remarks: readonly Remark[]): readonly string[] =>
  remarks.length === 0
    ? []
    : [
        remarks.length === 1 ? '1 remark:' : `${remarks.length} remarks:`,
        ...remarks.map((remark) => `  ${describeRemark(remark)}`),
      ];

const describeBackend = (backend: BackendSystem): string => {
  const { egress = {}, entra, requestsPerMinute, tokensPerMinute, api, apiVersion } = backend;
  const urls = backend.urls.map((url) => {
    const proxy = egress[url];
    const way = proxy === undefined ? '' : ` through ${withoutCredentials(proxy)}`;
    return withoutCredentials(url) + way;
  });
  return [
    [backend.wire, apiVersion, api === 'chat' ? 'by chat completions' : undefined]
      .filter((word) => word !== undefined)
      .join(' '),
    backend.residency,
    backend.simulate ? 'simulated' : urls.join(' then '),
    ...(entra ? [`Entra token (${entra.kind})`] : []),
    `${backend.slots} at once`,
    ...(requestsPerMinute === undefined ? [] : [`${requestsPerMinute} requests/min`]),
    ...(tokensPerMinute === undefined ? [] : [`${tokensPerMinute} tokens/min`]),
    `first token within ${seconds(backend.firstTokenMs)}`,
  ].join(', ');
};

const describeModel = (model: ModelSystem): string => {
  const { strategy = 'ordered', candidates, residency, hidden } = model;
  const isWeighted = strategy === 'weighted';
  const listed = candidates.map((candidate) => describeCandidate(candidate, isWeighted));
  const order = strategy === 'ordered' || isWeighted ? '' : `${strategy} of `;
  return [
    order + listed.join(', then '),
    ...(residency === 'local-only' ? ['local-only'] : []),
    ...(hidden === true ? ['not listed'] : []),
  ].join('; ');
};

const describeCandidate = (candidate: Candidate, isWeighted: boolean): string => {
  const { backend, model, numCtx, contextTokensMax, weight = 1 } = candidate;
  const context = numCtx ?? contextTokensMax;
  const details = [
    model,
    ...(context === undefined ? [] : [`${context} tokens of context`]),
    ...(isWeighted ? [weight === 0 ? 'fallback' : `weight ${weight}`] : []),
  ];
  return `${backend} (${details.join(', ')})`;
};

const describeKey = (key: KeySystem): string =>
  [
    key.residency,
    ...(key.requestsPerMinute === undefined ? [] : [`${key.requestsPerMinute} requests/min`]),
    ...(key.tokensPerMinute === undefined ? [] : [`${key.tokensPerMinute} tokens/min`]),
    ...(key.concurrentRequests === undefined ? [] : [`${key.concurrentRequests} at once`]),
    ...(key.monthlyBudgetUsd === undefined ? [] : [`${dollars(key.monthlyBudgetUsd)} USD a month`]),
    ...(key.models === undefined ? [] : [`only ${key.models.join(', ')}`]),
    ...(key.role === 'admin' ? ["sees everybody's usage"] : []),
  ].join(', ');

/** Cents, and more of them where a budget is smaller than one. */
const dollars = (usd: number): string =>
  usd < 0.01 ? String(Number(usd.toPrecision(2))) : usd.toFixed(2);

const seconds = (ms: number): string => `${Number((ms / 1000).toPrecision(3))} s`;
