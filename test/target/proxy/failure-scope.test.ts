import { describe, expect, test } from 'vitest';

import type { Failure } from '../../../src/protocol/generation.ts';
import {
  ConnectError,
  failureOfError,
  failureOfStatus,
} from '../../../src/target/proxy/failure.ts';
import { judge } from '../../../src/target/proxy/failure-scope.ts';

const status = (code: number, message: string): Failure =>
  failureOfStatus({ status: code, headers: {}, body: JSON.stringify({ error: message }) }, 0);

const ofConnecting = (code: string): Failure =>
  failureOfError(
    new ConnectError('cannot connect', { cause: Object.assign(new Error(''), { code }) }),
  );

describe('one model', () => {
  test.each([
    [status(404, "model 'gpt-oss:120b' not found"), 'hard', true],
    [status(500, 'model runner has unexpectedly stopped'), 'hard', false],
    [status(500, 'CUDA error: out of memory'), 'hard', false],
    [status(500, 'llama runner process has terminated: exit status 2'), 'hard', false],
    [status(503, 'model requires more system memory (61 GiB) than is available'), 'hard', false],
    [{ reason: 'in-band', evidence: 'soft', message: 'NV_ERR_NO_MEMORY' } as const, 'hard', false],
    [status(429, 'quota of the deployment exceeded'), 'soft', false],
    [
      {
        reason: 'first-token-deadline',
        evidence: 'soft',
        message: 'no token after 20000 ms',
        isHostAlive: true,
      } as const,
      'soft',
      false,
    ],
  ] satisfies readonly (readonly [Failure, string, boolean])[])(
    '%j speaks against the model alone',
    (failure, evidence, isLasting) => {
      expect(judge(failure)).toMatchObject({
        against: 'model',
        failure: { evidence, isLasting },
      });
    },
  );
});

describe('the host', () => {
  test.each([
    [ofConnecting('ECONNREFUSED'), 'hard', false],
    [ofConnecting('CERT_HAS_EXPIRED'), 'hard', true],
    [ofConnecting('ERR_TLS_CERT_ALTNAME_INVALID'), 'hard', true],
    [ofConnecting('ERR_SSL_WRONG_VERSION_NUMBER'), 'hard', false],
    [status(401, 'wrong key'), 'hard', true],
    [status(403, 'not allowed'), 'hard', true],
    [status(500, 'internal error'), 'soft', false],
    [status(503, 'server busy, please try again'), 'soft', false],
  ] satisfies readonly (readonly [Failure, string, boolean])[])(
    '%j speaks against it',
    (failure, evidence, isLasting) => {
      expect(judge(failure)).toMatchObject({ against: 'host', failure: { evidence, isLasting } });
    },
  );
});

test.each([
  ofConnecting('EMFILE'),
  ofConnecting('ENOBUFS'),
  ofConnecting('EADDRNOTAVAIL'),
  status(400, 'no such parameter'),
  { reason: 'bad-seam', evidence: 'soft', message: 'starts over' } as const,
  { reason: 'prompt-cut', evidence: 'soft', message: 'read half' } as const,
] satisfies readonly Failure[])('%j speaks against nobody', (failure) => {
  expect(judge(failure)).toEqual({ against: 'nobody' });
});

test('a missing model is not believed to come back when a gateway says so', () => {
  const failure = { ...status(404, 'model not found'), retryAfterMs: 1000 };
  expect(judge(failure)).toMatchObject({ failure: { isLasting: true } });
  expect(judge(failure)).not.toHaveProperty('failure.retryAfterMs');
});
