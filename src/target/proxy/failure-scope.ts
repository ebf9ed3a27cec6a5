/**
 * Whom a failure speaks against: the whole backend, one of its models, or nobody.
 *
 * One model that ran out of memory, or was never pulled, must not shut out the others on the same
 * box. And what was the fault of the request, of our own machine, or of a model's manners says
 * nothing about who can serve next.
 */

import type { Failure } from '../../protocol/generation.ts';
import type { BreakerFailure } from './circuit-breaker.ts';

/** What a failure means for the circuits. */
export type Judgement =
  | { readonly against: 'nobody' }
  | { readonly against: 'host' | 'model'; readonly failure: BreakerFailure };

/** Failures that say nothing about whether the backend can serve the next request. */
const blameless: ReadonlySet<Failure['reason']> = new Set(['bad-seam', 'prompt-cut']);

/** What Ollama, llama.cpp and the driver say when one model's runner is dead or has no room. */
const runnerTrouble =
  /cuda error|out of memory|nv_err_no_memory|model runner|runner process|runner has (?:terminated|unexpectedly)|failed to load model|unable to load model|requires more system memory/i;

/** Judges a failure of an attempt. */
export const judge = (failure: Failure): Judgement => {
  const { reason, status, evidence, retryAfterMs } = failure;
  if (failure.isRequestFault === true || failure.isOurs === true || blameless.has(reason))
    return { against: 'nobody' };
  const against = isOfModel(failure) ? 'model' : 'host';
  const isLasting = failure.isLasting ?? isOfPeople(failure);
  const isHard = evidence === 'hard' || isLasting || hasRunnerTrouble(failure);
  return {
    against,
    failure: {
      evidence: isHard ? 'hard' : 'soft',
      isLasting,
      // A missing model does not come back by itself, whatever a gateway in between promises.
      ...(retryAfterMs === undefined || status === 404 ? {} : { retryAfterMs }),
    },
  };
};

/** A key, a right, an address, or a model that is not there. */
const isOfPeople = ({ reason, status }: Failure): boolean =>
  reason === 'status' && (status === 401 || status === 403 || status === 404);

/**
 * Quotas are kept by model, or by deployment, everywhere. A host that answers others has a model
 * that is slow or hangs.
 */
const isOfModel = (failure: Failure): boolean =>
  failure.isHostAlive === true ||
  failure.reason === 'rate-limited' ||
  (failure.reason === 'status' && failure.status === 404) ||
  hasRunnerTrouble(failure);

const hasRunnerTrouble = ({ reason, status, message }: Failure): boolean =>
  (reason === 'in-band' || reason === 'overloaded' || (status !== undefined && status >= 500)) &&
  runnerTrouble.test(message);
