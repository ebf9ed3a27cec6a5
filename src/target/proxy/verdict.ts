/**
 * What went wrong on the way to an answer, in words for the client: every cause, never only one.
 */

import type { Failure } from '../../protocol/generation.ts';
import type { AdmitRefusal } from './admit.ts';
import {
  ApiError,
  backendsUnavailable,
  insufficientQuota,
  localOnlyUnavailable,
  proxyExhausted,
  quotasExhausted,
} from './api-error.ts';
import type { Lack } from './router.ts';

/** A backend that was asked and failed. */
export interface Setback {
  readonly backend: string;
  readonly failure: Failure;
}

export interface Outlook {
  readonly setbacks: readonly Setback[];
  readonly refused: readonly AdmitRefusal[];
  readonly isLocalOnly: boolean;
  /** The client has seen part of an answer. */
  readonly isCommitted: boolean;
  /** Another attempt was due and was not made, since those have been in vain of late. */
  readonly isWithheld: boolean;
  /** How long until the backend is looked at again, where its circuit is open. */
  readonly probeInMs: (backend: string) => number | undefined;
  /** What is said when no backend has what the request needs. */
  readonly lackError: (lack: Lack) => ApiError;
}

/** What is said when nobody knows when it makes sense to come back. */
const retryAfterMsDefault = 5000;
const retryAfterMsMax = 60_000;

/** The error of a request that no backend has answered whole. */
export const errorOf = (outlook: Outlook): ApiError => {
  const { setbacks, isLocalOnly, isCommitted } = outlook;
  const last = setbacks.at(-1)?.failure;
  if (last?.isRequestFault === true && !isCommitted) return requestFault(last);
  const causes = causesOf(outlook);
  if (isCommitted)
    return new ApiError({
      status: 502,
      code: 'server_error',
      message: `The answer broke off and could not be completed: ${causes}.`,
    });
  if (setbacks.length > 0 && setbacks.every(({ failure }) => failure.isOurs === true))
    return proxyExhausted(causes);
  const settled = setbacks.length === 0 ? standingError(outlook) : undefined;
  if (settled) return settled;
  const told = isLocalOnly ? localOnlyUnavailable : backendsUnavailable;
  return told(causes, retryAfterMsOf(outlook), isExhausted(outlook));
};

/**
 * We have tried what there is, and nobody said that waiting helps; or nobody may be asked, which no
 * waiting changes. A client that would try again by itself would only multiply our own attempts.
 */
const isExhausted = ({ setbacks, refused }: Outlook): boolean =>
  setbacks.length > 0
    ? setbacks.every(({ failure }) => failure.retryAfterMs === undefined)
    : refused.length > 0 && refused.every(({ why }) => isForbidden(why));

/** The one reason for which every backend that may be asked was passed over, if there is one. */
const standingError = ({ refused, lackError }: Outlook): ApiError | undefined => {
  const reasons = new Set(refused.map(({ why }) => why).filter((why) => !isForbidden(why)));
  const lacks = [...reasons].filter((why) => isLack(why));
  const [lack] = lacks;
  if (lack && lacks.length === reasons.size) return lackError(lack);
  const [reason] = reasons;
  if (reasons.size !== 1) return undefined;
  if (reason === 'budget') return insufficientQuota();
  if (reason !== 'quota') return undefined;
  const waitMs = Math.min(...refused.map(({ waitMs = Number.POSITIVE_INFINITY }) => waitMs));
  return quotasExhausted(waitMs);
};

const isForbidden = (why: AdmitRefusal['why']): boolean => why === 'residency' || why === 'pin';

const isLack = (why: AdmitRefusal['why']): why is Lack =>
  why === 'context' || why === 'vision' || why === 'tools' || why === 'input';

/**
 * Whether the backend says that the prompt is longer than its window. OpenAI and Azure say it by a
 * code; Ollama, vLLM and llama.cpp in words, each in its own.
 */
export const isContextOverflow = ({ isRequestFault, code, message }: Failure): boolean =>
  code === 'context_length_exceeded' ||
  (isRequestFault === true &&
    /maximum context length|(?:exceeds?|larger than|longer than)[^.]{0,40}context/i.test(message));

/** The backend's own refusal, passed on: another backend would say the same. */
const requestFault = (failure: Failure): ApiError => {
  const { status, message, code, param } = failure;
  return new ApiError({
    status: status ?? 400,
    type: 'invalid_request_error',
    message,
    code: isContextOverflow(failure) ? 'context_length_exceeded' : (code ?? null),
    param: param ?? null,
  });
};

const refusalWords: Readonly<Record<AdmitRefusal['why'], string>> = {
  residency: 'not allowed',
  pin: 'ruled out by the request',
  context: 'the conversation is longer than its window',
  vision: 'it takes no images',
  tools: 'it calls no tools',
  input: 'it cannot be given this input',
  breaker: 'not asked, since it has just been failing',
  spend: 'not asked, since the spend limit is reached',
  budget: "not asked, since the key's budget of the month is spent",
  unpriced: "not asked, since without a known price the key's budget could not be kept",
  quota: 'its quota of requests or tokens is used up',
  cold: 'its model is not loaded',
  queue: 'its queue is full',
  wait: 'the wait would be too long',
  full: 'no place came free in time',
};

const causesOf = ({ setbacks, refused, isWithheld }: Outlook): string => {
  const told = refused.filter(({ why }) => !isForbidden(why));
  const causes = [
    ...setbacks.map(({ backend, failure }) => `${backend}: ${failure.reason} (${failure.message})`),
    // What is not allowed is worth saying only where there is nothing else to say.
    ...(setbacks.length + told.length === 0 ? refused : told).map(
      ({ backend, why }) => `${backend}: ${refusalWords[why]}`,
    ),
    ...(isWithheld ? ['no other was tried, since that has been in vain of late'] : []),
  ];
  return causes.length === 0 ? 'none has this model' : causes.join('; ');
};

const retryAfterMsOf = ({ setbacks, refused, probeInMs }: Outlook): number => {
  const waits = [
    ...setbacks.map(({ backend, failure }) => failure.retryAfterMs ?? probeInMs(backend)),
    ...refused.map(({ backend, why, waitMs }) => (why === 'breaker' ? probeInMs(backend) : waitMs)),
  ].filter((ms) => ms !== undefined);
  return waits.length === 0 ? retryAfterMsDefault : Math.min(...waits, retryAfterMsMax);
};

/** The backend kept to no protocol we know. */
export const garbledAnswer = (message: string): Failure => ({
  reason: 'garbled',
  evidence: 'soft',
  message,
});

/** A continuation that cannot be shown. */
export const badSeam = (fault: string): Failure => ({
  reason: 'bad-seam',
  evidence: 'soft',
  message: `the continuation ${fault}`,
});
