import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  ConnectError,
  failureInBand,
  failureOfError,
  failureOfStatus,
  readError,
  retryAfterOf,
} from '../../../src/target/proxy/failure.ts';
import { DeadlineError } from '../../../src/time/clock.ts';

const withCode = (code: string): Error => Object.assign(new Error(`failed: ${code}`), { code });
const connecting = (cause: unknown): ConnectError => new ConnectError('cannot connect', { cause });

describe('errors', () => {
  test.each([
    [connecting(withCode('ECONNREFUSED')), 'refused', 'hard'],
    [connecting(withCode('ENOTFOUND')), 'unreachable', 'hard'],
    [connecting(withCode('EAI_AGAIN')), 'unreachable', 'hard'],
    [connecting(withCode('ETIMEDOUT')), 'unreachable', 'hard'],
    [connecting(new DeadlineError('too long')), 'unreachable', 'hard'],
    [connecting(withCode('CERT_HAS_EXPIRED')), 'tls', 'hard'],
    [connecting(withCode('ERR_TLS_CERT_ALTNAME_INVALID')), 'tls', 'hard'],
    [connecting(withCode('DEPTH_ZERO_SELF_SIGNED_CERT')), 'tls', 'hard'],
    [connecting(withCode('ERR_SSL_WRONG_VERSION_NUMBER')), 'tls', 'hard'],
    [connecting(withCode('ECONNRESET')), 'reset', 'hard'],
    [withCode('ECONNRESET'), 'reset', 'soft'],
    [withCode('EPIPE'), 'reset', 'soft'],
    [withCode('UND_ERR_SOCKET'), 'closed', 'soft'],
    [withCode('HPE_INVALID_CHUNK_SIZE'), 'garbled', 'soft'],
    ['not even an error', 'closed', 'soft'],
  ] as const)('%s is %s, %s', (error, reason, evidence) => {
    expect(failureOfError(error)).toMatchObject({ reason, evidence });
  });

  test.each(['EMFILE', 'EADDRNOTAVAIL'])('%s is ours, and opens no circuit at once', (code) => {
    expect(failureOfError(connecting(withCode(code))).evidence).toBe('soft');
  });

  test('an error of several addresses is told by its code', () => {
    const several = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
    expect(failureOfError(connecting(several)).message).toBe('ECONNREFUSED');
  });
});

describe('statuses', () => {
  test.each([
    [301, 'garbled', 'soft'],
    [401, 'status', 'hard'],
    [403, 'status', 'hard'],
    [404, 'status', 'hard'],
    [408, 'status', 'soft'],
    [429, 'rate-limited', 'soft'],
    [500, 'status', 'soft'],
    [502, 'status', 'soft'],
    [503, 'overloaded', 'soft'],
    [529, 'status', 'soft'],
  ] as const)('%i is %s, %s, and no fault of the request', (status, reason, evidence) => {
    const failure = failureOfStatus({ status, headers: {}, body: '<html>' }, 0);
    expect(failure).toMatchObject({ reason, evidence, status });
    expect(failure.isRequestFault).toBeUndefined();
  });

  test.each([400, 413, 422])('%i is the fault of the request', (status) => {
    const failure = failureOfStatus({ status, headers: {}, body: '{}' }, 0);
    expect(failure.isRequestFault).toBe(true);
  });

  test('no text of any server carries our key, or a long quotation, into a message', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000 }), fc.nat(2000), (text, at) => {
        const secret = 'k3y-of-the-box';
        const told = text.slice(0, at) + secret + text.slice(at);
        const body = JSON.stringify({ error: { message: told } });
        const messages = [
          failureOfStatus({ status: 500, headers: {}, body }, 0, secret).message,
          failureInBand(readError(JSON.parse(body)), {}, 0, secret).message,
          failureOfError(new Error(told), secret).message,
        ];
        for (const message of messages) {
          expect(message).not.toContain(secret);
          expect(message.length).toBeLessThanOrEqual(301);
        }
      }),
    );
  });
});

test('whatever a server says, the wait is a number of at least 0, or unknown', () => {
  const header = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    fc.constantFrom('-1', 'abc', '1e9', 'NaN', 'Infinity', '', ' 5 '),
  );
  fc.assert(
    fc.property(header, header, fc.string(), (ms, seconds, message) => {
      const headers = { 'retry-after-ms': ms, 'retry-after': seconds };
      const wait = retryAfterOf(headers, message, 1_700_000_000_000);
      expect(wait === undefined || wait >= 0).toBe(true);
    }),
  );
});

test('a wait said in milliseconds is taken as such', () => {
  expect(retryAfterOf({}, 'Please retry after 250 milliseconds.', 0)).toBe(250);
  expect(retryAfterOf({}, 'Retry after 1 second', 0)).toBe(1000);
});
