/** What went wrong on the way to an answer, in words for the client: every cause, never only one. */

import type { Failure } from '../../protocol/generation.ts';
import type { AdmitRefusal } from './admit.ts';
import { ApiError, backendsUnavailable, localOnlyUnavailable } from './api-error.ts';

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
  /** How long until the backend is looked at again, where its circuit is open. */
  readonly probeInMs: (backend: string) => number | undefined;
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
  const told = isLocalOnly ? localOnlyUnavailable : backendsUnavailable;
  return told(causes, retryAfterMsOf(outlook));
};

/** The backend's own refusal, passed on: another backend would say the same. */
const requestFault = ({ status, message, code, param }: Failure): ApiError =>
  new ApiError({
    status: status ?? 400,
    type: 'invalid_request_error',
    message,
    code: code ?? null,
    param: param ?? null,
  });

const refusalWords: Readonly<Record<AdmitRefusal['why'], string>> = {
  residency: 'not allowed',
  breaker: 'not asked, since it has just been failing',
  spend: 'not asked, since the spend limit is reached',
  cold: 'its model is not loaded',
  queue: 'its queue is full',
  wait: 'the wait would be too long',
  full: 'no place came free in time',
};

const causesOf = ({ setbacks, refused }: Outlook): string => {
  const causes = [
    ...setbacks.map(({ backend, failure }) => `${backend}: ${failure.reason} (${failure.message})`),
    ...refused
      .filter(({ why }) => why !== 'residency')
      .map(({ backend, why }) => `${backend}: ${refusalWords[why]}`),
  ];
  return causes.length === 0 ? 'none has this model' : causes.join('; ');
};

const retryAfterMsOf = ({ setbacks, refused, probeInMs }: Outlook): number => {
  const waits = [
    ...setbacks.map(({ backend, failure }) => failure.retryAfterMs ?? probeInMs(backend)),
    ...refused.map(({ backend, why }) => (why === 'breaker' ? probeInMs(backend) : undefined)),
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
