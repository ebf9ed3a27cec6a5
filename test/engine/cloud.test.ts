import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Cloud, type CloudProfile } from '../../src/engine/cloud.ts';
import { seeded } from '../../src/random/random.ts';

const profile: CloudProfile = {
  ttftMsP50: 1030,
  ttftMsP95: 3300,
  tokensPerSecond: 50,
  tokensPerMinute: 10_000,
  requestsPerMinute: 600,
};

const cloudWith = (change: Partial<CloudProfile> = {}): Cloud =>
  new Cloud({ ...profile, ...change }, seeded(7));

describe('admission', () => {
  it('refuses the 11th request within a second of a 600-per-minute deployment', () => {
    const cloud = cloudWith({ tokensPerMinute: Number.POSITIVE_INFINITY });
    const answers = Array.from({ length: 11 }, (_, at) => cloud.admit(100, 2000 + at));
    expect(answers.slice(0, 10).every(({ kind }) => kind === 'admitted')).toBe(true);
    expect(answers[10]).toMatchObject({ kind: 'rejected', limit: 'requests', retryAfterMs: 990 });
    expect(cloud.admit(100, 3000).kind).toBe('admitted');
  });

  it('charges the estimate on arrival and starts anew each minute', () => {
    const cloud = cloudWith();
    expect(cloud.admit(6000, 59_000)).toMatchObject({ kind: 'admitted', left: { tokens: 4000 } });
    expect(cloud.admit(6000, 59_500)).toMatchObject({
      kind: 'rejected',
      limit: 'tokens',
      retryAfterMs: 500,
    });
    expect(cloud.admit(6000, 60_000)).toMatchObject({ kind: 'admitted', left: { tokens: 4000 } });
  });

  it('counts refused requests against the request limit', () => {
    const cloud = cloudWith({ tokensPerMinute: 100 });
    for (let at = 0; at < 10; at++)
      expect(cloud.admit(1000, at)).toMatchObject({ kind: 'rejected', limit: 'tokens' });
    expect(cloud.admit(10, 11)).toMatchObject({ kind: 'rejected', limit: 'requests' });
  });

  it('does not forget what it counted when told of an earlier request late', () => {
    const cloud = cloudWith({ requestsPerMinute: 60, tokensPerMinute: Number.POSITIVE_INFINITY });
    expect(cloud.admit(1, 1001).kind).toBe('admitted');
    expect(cloud.admit(1, 999).kind).toBe('rejected');
    expect(cloud.admit(1, 1002).kind).toBe('rejected');
  });

  it('never admits more than a limit in any of its windows', () => {
    const arrivals = fc.array(
      fc.record({ afterMs: fc.nat(2000), tokens: fc.integer({ min: 1, max: 3000 }) }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(arrivals, (requests) => {
        const cloud = cloudWith({ requestsPerMinute: 60 });
        const admitted = new Map<string, number>();
        const tokens = new Map<number, number>();
        let now = 0;
        for (const request of requests) {
          now += request.afterMs;
          const answer = cloud.admit(request.tokens, now);
          expect(answer.left.tokens).toBeGreaterThanOrEqual(0);
          expect(answer.left.requests).toBeGreaterThanOrEqual(0);
          const waitMs = answer.kind === 'rejected' ? answer.retryAfterMs : 1;
          expect(waitMs).toBeGreaterThan(0);
          expect(waitMs).toBeLessThanOrEqual(60_000);
          if (answer.kind === 'rejected') continue;
          const minute = Math.floor(now / 60_000);
          tokens.set(minute, (tokens.get(minute) ?? 0) + request.tokens);
          for (const seconds of [1, 10, 60]) {
            const window = `${seconds}:${Math.floor(now / (seconds * 1000))}`;
            admitted.set(window, (admitted.get(window) ?? 0) + 1);
            expect(admitted.get(window)).toBeLessThanOrEqual(seconds);
          }
          expect(tokens.get(minute)).toBeLessThanOrEqual(10_000);
        }
      }),
    );
  });

  it('a lone client that waits as told is not refused for the same reason again', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 10_000 }), (start, tokens) => {
        const cloud = cloudWith();
        let now = start;
        let refusedFor: string | undefined;
        for (let request = 0; request < 30; request++) {
          const answer = cloud.admit(tokens, now);
          const limit = answer.kind === 'rejected' ? answer.limit : undefined;
          expect(limit !== undefined && limit === refusedFor).toBe(false);
          refusedFor = limit;
          now += answer.kind === 'rejected' ? answer.retryAfterMs : 1;
        }
      }),
    );
  });

  it('without limits lets everything in', () => {
    const limits = {
      tokensPerMinute: Number.POSITIVE_INFINITY,
      requestsPerMinute: Number.POSITIVE_INFINITY,
    };
    const cloud = cloudWith(limits);
    for (let at = 0; at < 100; at++) expect(cloud.admit(1e6, 0).kind).toBe('admitted');
  });
});

describe('the stream', () => {
  it('has the median and the tail it was given', () => {
    const cloud = cloudWith();
    const count = 20_000;
    const ttfts = Array.from({ length: count }, (_, id) => cloud.serve(`${id}`, 0).firstTokenAt);
    const shareBelow = (ms: number): number => ttfts.filter((it) => it < ms).length / count;

    // The standard error of a share is √(p(1−p)/n): 0.0035 at the median, 0.0015 at 95 %.
    // Four of them are exceeded by one seed in 15,000, and this seed is fixed.
    expect(Math.abs(shareBelow(1030) - 0.5)).toBeLessThan(4 * 0.0035);
    expect(Math.abs(shareBelow(3300) - 0.95)).toBeLessThan(4 * 0.0015);
  });

  it('keeps its pace, and does not depend on who else is served', () => {
    const alone = cloudWith().serve('x', 1000);
    const busy = cloudWith();
    busy.serve('y', 0);
    const among = busy.serve('x', 1000);
    expect(among.firstTokenAt).toBe(alone.firstTokenAt);
    expect(among.tokenAt(1)).toBe(among.firstTokenAt);
    expect(among.tokenAt(51) - among.tokenAt(1)).toBeCloseTo(1000, 6);
  });

  it('is scaled as a whole', () => {
    const real = cloudWith().serve('x', 0);
    const fast = cloudWith({ timeScale: 0.1 }).serve('x', 0);
    expect(fast.tokenAt(20)).toBeCloseTo(real.tokenAt(20) / 10, 6);
  });
});
