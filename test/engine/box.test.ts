import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Box, type BoxOptions } from '../../src/engine/box.ts';
import type { Job } from '../../src/engine/engine.ts';
import { type EngineProfile, engineProfile } from '../../src/engine/profile.ts';

const profileNamed = (name: string): EngineProfile => {
  const profile = engineProfile(name);
  if (!profile) throw new Error(`no profile ${name}`);
  return profile;
};

const big = profileNamed('gpt-oss-120b@ollama');
const small = profileNamed('qwen3-8b@ollama');
const middle = profileNamed('qwen3-32b@ollama');
const minute = 60_000;

const boxWith = (options: Partial<BoxOptions> = {}): Box =>
  new Box({ profiles: [big, small, middle], parallel: 1, keepAliveMs: 5 * minute, ...options });

const job = (id: string, promptTokens = 100, outputTokens = 10): Job => ({
  id,
  promptTokens,
  outputTokens,
  prefixes: [],
});

const names = (box: Box, now: number): readonly string[] =>
  box.loaded(now).map(({ model }) => model);

describe('a cold model', () => {
  it('is loaded before its job runs, and its load is told apart from the rest', () => {
    const box = boxWith();
    expect(box.offer(big.tag, job('a'), 0)).toBe('accepted');
    expect(box.state('a')).toEqual({ kind: 'loading', until: big.loadMs });
    expect(box.tokenAt('a', 1)).toBeUndefined();
    // 2 s and 65 GB at 2.5 GB/s.
    expect(big.loadMs).toBe(28_000);

    box.advance(minute);
    expect(box.state('a')?.kind).toBe('done');
    const timing = box.timing('a');
    expect(timing?.loadMs).toBe(28_000);
    expect(timing?.queueMs).toBeCloseTo(big.prefill.overheadMs, 6);
    const { loadMs = 0, queueMs = 0, prefillMs = 0, decodeMs = 0 } = timing ?? {};
    expect(loadMs + queueMs + prefillMs + decodeMs).toBeCloseTo(timing?.endedAt ?? 0, 6);
  });

  it('holds up every other cold model, while a model in memory keeps answering', () => {
    const box = boxWith();
    box.warm(small.tag, 0);
    box.offer(big.tag, job('a'), 0);
    box.offer(middle.tag, job('b'), 0);
    box.offer(small.tag, job('c'), 0);
    expect(box.state('b')).toEqual({ kind: 'queued', ahead: 1 });

    box.advance(10_000);
    expect(box.state('c')?.kind).toBe('done');
    expect(box.state('b')?.kind).toBe('queued');
    box.advance(28_000);
    expect(box.state('b')).toEqual({ kind: 'loading', until: 28_000 + middle.loadMs });
  });

  it('turns requests away once too many wait for the loader', () => {
    const box = boxWith({ pendingMax: 2 });
    box.warm(small.tag, 0);
    expect(box.offer(big.tag, job('a'), 0)).toBe('accepted');
    expect(box.offer(big.tag, job('b'), 0)).toBe('accepted');
    expect(box.offer(big.tag, job('c'), 0)).toBe('busy');
    expect(box.offer(small.tag, job('d'), 0)).toBe('accepted');
    expect(box.offer('nobody', job('e'), 0)).toBe('unknown-model');
    expect(box.state('c')).toBeUndefined();
  });

  it('still loads when its only job is cancelled meanwhile', () => {
    const box = boxWith();
    box.offer(small.tag, job('a'), 0);
    box.cancel('a', 10);
    expect(box.state('a')).toEqual({ kind: 'cancelled' });
    expect(box.timing('a')?.endedAt).toBe(10);
    box.advance(minute);
    expect(names(box, minute)).toEqual([small.tag]);
  });

  it('is loaded by a request without a prompt, which is done when it is', () => {
    const box = boxWith();
    box.offer(small.tag, job('load', 0, 0), 0);
    expect(box.state('load')?.kind).toBe('loading');
    box.advance(small.loadMs);
    expect(box.state('load')?.kind).toBe('done');
    expect(box.timing('load')?.endedAt).toBe(small.loadMs);
  });
});

describe('keep-alive', () => {
  it('runs from the end of the last job', () => {
    const box = boxWith();
    box.warm(small.tag, 0);
    box.offer(small.tag, job('a'), 4 * minute);
    expect(box.loaded(4 * minute)).toEqual([
      {
        model: small.tag,
        expiresAt: 9 * minute,
        sizeBytes: 5.2e9,
        contextLength: small.contextTokensMax,
        isLoading: false,
      },
    ]);
    box.advance(8 * minute);
    const expiresAt = (box.timing('a')?.endedAt ?? 0) + 5 * minute;
    expect(box.loaded(8 * minute)[0]?.expiresAt).toBe(expiresAt);
    box.advance(expiresAt - 1);
    expect(names(box, expiresAt - 1)).toEqual([small.tag]);
    box.advance(expiresAt);
    expect(names(box, expiresAt)).toEqual([]);
    expect(box.state('a')?.kind).toBe('done');
  });

  it('is over when it is over, also if nobody has looked since', () => {
    const box = boxWith();
    box.warm(small.tag, 0);
    expect(names(box, 5 * minute - 1)).toEqual([small.tag]);
    expect(names(box, 5 * minute)).toEqual([]);
  });

  it('is forever when negative, nothing when zero, and a request may override it', () => {
    const forever = boxWith({ keepAliveMs: -1 });
    forever.warm(small.tag, 0);
    forever.advance(1e9);
    expect(forever.loaded(1e9)[0]?.expiresAt).toBe(Number.POSITIVE_INFINITY);
    expect(forever.nextChangeAt()).toBeUndefined();

    forever.offer(small.tag, job('last'), 1e9, 0);
    forever.advance(1e9 + minute);
    expect(forever.state('last')?.kind).toBe('done');
    expect(names(forever, 1e9 + minute)).toEqual([]);
  });

  it('ends at once by an unload, or with the job that runs', () => {
    const box = boxWith();
    box.warm(small.tag, 0);
    box.warm(middle.tag, 0);
    box.offer(small.tag, job('a'), 0);
    box.unload(small.tag, 1);
    box.unload(middle.tag, 1);
    expect(names(box, 1)).toEqual([small.tag]);
    box.advance(minute);
    expect(box.state('a')?.kind).toBe('done');
    expect(names(box, minute)).toEqual([]);
  });
});

describe('memory', () => {
  it('drops the idle model that would expire first to make room', () => {
    const box = boxWith({ memoryGb: 72 });
    box.warm(small.tag, 0);
    expect(box.warm(big.tag, 1)).toBe(true);
    expect(box.warm(middle.tag, 2)).toBe(false);
    box.offer(small.tag, job('a'), 10);
    box.advance(2000);
    box.offer(middle.tag, job('b'), 2000);
    // It is told of from the moment at which its load begins.
    expect(names(box, 2000)).toEqual([small.tag, middle.tag]);
    expect(box.loaded(2000).map(({ isLoading }) => isLoading)).toEqual([false, true]);
    box.advance(minute);
    expect(box.loaded(minute).map(({ isLoading }) => isLoading)).toEqual([false, false]);
  });

  it('waits for a working model to fall idle', () => {
    const box = boxWith({ loadedMax: 1 });
    box.warm(small.tag, 0);
    box.offer(small.tag, job('a', 100, 500), 0);
    box.offer(middle.tag, job('b'), 0);
    expect(box.state('b')).toEqual({ kind: 'queued', ahead: 0 });
    box.advance(minute);
    const endedAt = box.timing('a')?.endedAt ?? 0;
    expect(box.timing('b')?.loadMs).toBe(endedAt + middle.loadMs);
    expect(names(box, minute)).toEqual([middle.tag]);
  });
});

const tags = [big.tag, small.tag, middle.tag];
const history = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 40_000 }),
    model: fc.constantFrom(...tags),
    kind: fc.constantFrom('offer', 'offer', 'cancel', 'unload'),
    keepAliveMs: fc.constantFrom(undefined, 0, 1000, -1),
    which: fc.nat(30),
  }),
  { maxLength: 30 },
);

describe('however it is used', () => {
  it('every job ends, memory holds, and nothing stays busy', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 3 }), (moves, parallel) => {
        const box = boxWith({ parallel, memoryGb: 86, loadedMax: 2 });
        let now = 0;
        let count = 0;
        for (const { afterMs, model, kind, keepAliveMs, which } of moves) {
          now += afterMs;
          if (kind === 'offer') box.offer(model, job(`${count++}`), now, keepAliveMs);
          if (kind === 'cancel') box.cancel(`${which}`, now);
          if (kind === 'unload') box.unload(model, now);
          const bytes = box.loaded(now).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
          expect(bytes).toBeLessThanOrEqual(86e9);
          expect(box.loaded(now).length).toBeLessThanOrEqual(2);
          const counts = tags.map((tag) => box.countsOf(tag));
          expect(counts.reduce((sum, { running }) => sum + running, 0)).toBe(box.runningCount);
          expect(counts.reduce((sum, { queued }) => sum + queued, 0)).toBe(box.queuedCount);
        }
        box.advance(now + 3_600_000);
        for (let id = 0; id < count; id++)
          expect(['done', 'cancelled']).toContain(box.state(`${id}`)?.kind);
        expect([box.runningCount, box.queuedCount]).toEqual([0, 0]);
        expect(box.nextChangeAt()).toBeUndefined();
      }),
    );
  });
});

describe('what happens to the box', () => {
  const spanOf = (box: Box, id: string): number => {
    const { prefillMs = 0, decodeMs = 0 } = box.timing(id) ?? {};
    return prefillMs + decodeMs;
  };

  it('takes so many times as long while it is throttled, for models that load as well', () => {
    const box = boxWith();
    box.offer(big.tag, job('well'), 0);
    box.advance(minute);
    box.throttle(2.5, minute);
    box.offer(big.tag, job('hot'), minute);
    box.offer(small.tag, job('loaded'), minute);
    box.advance(2 * minute);
    box.throttle(1, 2 * minute);
    box.offer(big.tag, job('cool'), 2 * minute);
    box.offer(small.tag, job('small'), 2 * minute);
    box.advance(3 * minute);
    expect(spanOf(box, 'hot') / spanOf(box, 'well')).toBeCloseTo(2.5, 6);
    expect(spanOf(box, 'cool')).toBeCloseTo(spanOf(box, 'well'), 6);
    expect(spanOf(box, 'loaded') / spanOf(box, 'small')).toBeCloseTo(2.5, 6);
  });

  it('slows an answer in the middle from its next token on', () => {
    const gaps = (slowdown: number): readonly number[] => {
      const box = boxWith();
      box.warm(big.tag, 0);
      box.offer(big.tag, job('a', 100, 200), 0);
      const half = box.tokenAt('a', 100) ?? 0;
      box.advance(half);
      box.throttle(slowdown, half);
      const at = (k: number): number => box.tokenAt('a', k) ?? 0;
      const first = at(50) - at(49);
      while (box.state('a')?.kind !== 'done') box.advance(box.nextChangeAt() ?? 0);
      return [first, at(150) - at(149)];
    };
    const [early = 0, late = 0] = gaps(1);
    const [earlyHot = 0, lateHot = 0] = gaps(3);
    expect(earlyHot).toBeCloseTo(early, 6);
    expect(lateHot / late).toBeCloseTo(3, 1);
  });

  it('loads later by what is asked, and at its own pace again after that', () => {
    const box = boxWith();
    box.delayLoads(30_000, 0);
    box.offer(big.tag, job('slow'), 0);
    box.advance(2 * minute);
    expect(box.timing('slow')?.loadMs).toBe(big.loadMs + 30_000);
    box.delayLoads(0, 2 * minute);
    box.offer(small.tag, job('quick'), 2 * minute);
    box.advance(4 * minute);
    expect(box.timing('quick')?.loadMs).toBe(small.loadMs);
  });

  it('loses everything when it restarts, and loads anew', () => {
    const box = boxWith();
    box.warm(big.tag, 0);
    box.offer(big.tag, job('done'), 0);
    box.advance(10_000);
    box.offer(big.tag, job('running', 100, 500), 10_000);
    box.offer(big.tag, job('queued'), 10_000);
    box.offer(small.tag, job('loading'), 10_000);
    box.offer(middle.tag, job('pending'), 10_000);
    box.restart(11_000);
    expect(names(box, 11_000)).toEqual([]);
    expect(box.state('done')?.kind).toBe('done');
    for (const id of ['running', 'queued', 'loading', 'pending'])
      expect(box.state(id)?.kind).toBe('cancelled');
    expect(box.nextChangeAt()).toBeUndefined();
    box.offer(big.tag, job('after'), 12_000);
    expect(box.state('after')).toEqual({ kind: 'loading', until: 12_000 + big.loadMs });
  });
});
