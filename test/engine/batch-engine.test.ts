import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BatchEngine, type BatchEngineOptions } from '../../src/engine/batch-engine.ts';
import { blockTokens, type Job } from '../../src/engine/engine.ts';
import {
  decodeStepMs,
  type EngineProfile,
  engineProfile,
  prefillMs,
} from '../../src/engine/profile.ts';

const profileNamed = (name: string): EngineProfile => {
  const profile = engineProfile(name);
  if (!profile) throw new Error(`no profile ${name}`);
  return profile;
};

const profile = profileNamed('gpt-oss-120b@llama.cpp');
const { overheadMs } = profile.prefill;

/** A prompt whose blocks are named after `text`; two jobs of one text share their prefixes. */
const job = (id: string, promptTokens: number, outputTokens: number, text = id): Job => ({
  id,
  promptTokens,
  outputTokens,
  prefixes: Array.from(
    { length: Math.floor(promptTokens / blockTokens) },
    (_, block) => `${text}${block}`,
  ),
});

const engineWith = (options: BatchEngineOptions): BatchEngine => new BatchEngine(profile, options);

/** Steps the engine through each of its changes until it is idle; returns the last instant. */
const runDry = (engine: BatchEngine): number => {
  let last = 0;
  for (let at = engine.nextChangeAt(); at !== undefined; at = engine.nextChangeAt()) {
    engine.advance(at);
    last = at;
  }
  return last;
};

const instant = (at: number | undefined): number => {
  if (at === undefined) throw new Error('no instant');
  return at;
};

describe('one job alone', () => {
  it('gets its first token after overhead and prefill, and the rest in closed form', () => {
    const engine = engineWith({ parallel: 1 });
    engine.offer(job('a', 3000, 50), 1000);
    engine.advance(1000 + overheadMs);
    const firstAt = 1000 + overheadMs + prefillMs(profile, 3000, 0);
    expect(engine.state('a')).toEqual({ kind: 'prefill', cachedTokens: 0 });
    expect(engine.tokenAt('a', 1)).toBeCloseTo(firstAt, 6);

    runDry(engine);
    expect(engine.tokenAt('a', 1)).toBeCloseTo(firstAt, 6);
    let at = firstAt;
    for (let k = 2; k <= 50; k++) {
      at += decodeStepMs(profile, 1, (3000 + k - 1) / 1000);
      expect(engine.tokenAt('a', k)).toBeCloseTo(at, 6);
    }
    expect(engine.tokenAt('a', 51)).toBeUndefined();
    expect(engine.state('a')).toEqual({ kind: 'done', cachedTokens: 0 });
    expect(engine.timing('a')?.endedAt).toBeCloseTo(at, 6);
  });

  it('has every duration multiplied by the time scale', () => {
    const slow = engineWith({ parallel: 1 });
    const fast = engineWith({ parallel: 1, timeScale: 0.1 });
    for (const engine of [slow, fast]) engine.offer(job('a', 3000, 50), 0);
    expect(runDry(fast)).toBeCloseTo(runDry(slow) / 10, 6);
  });

  it('is done at once when it has nothing to read or say', () => {
    const engine = engineWith({ parallel: 1 });
    engine.offer(job('a', 0, 0), 0);
    expect(runDry(engine)).toBe(overheadMs);
    expect(engine.state('a')?.kind).toBe('done');
  });
});

describe('the queue', () => {
  it('with one slot is purely serial, in arrival order', () => {
    const engine = engineWith({ parallel: 1 });
    for (const id of ['a', 'b', 'c']) engine.offer(job(id, 1000, 20), 0);
    expect(engine.state('c')).toEqual({ kind: 'queued', ahead: 1 });
    expect([engine.runningCount, engine.queuedCount]).toEqual([1, 2]);

    runDry(engine);
    for (const [earlier, later] of [
      ['a', 'b'],
      ['b', 'c'],
    ] as const) {
      expect(engine.timing(later)?.startedAt).toBe(engine.timing(earlier)?.endedAt);
      expect(engine.tokenAt(later, 1)).toBeGreaterThan(instant(engine.tokenAt(earlier, 20)));
    }
  });

  it('a cancellation frees the slot for the next, whatever state it strikes', () => {
    for (const cancelAt of [5, 200, 600]) {
      const engine = engineWith({ parallel: 1 });
      engine.offer(job('a', 1000, 1000), 0);
      engine.offer(job('b', 1000, 10), 0);
      engine.cancel('a', cancelAt);
      expect(engine.state('a')).toEqual({ kind: 'cancelled' });
      expect(engine.timing('b')?.startedAt).toBe(cancelAt);
      runDry(engine);
      expect(engine.state('b')?.kind).toBe('done');
    }
  });

  it('a queued job that is cancelled never runs', () => {
    const engine = engineWith({ parallel: 1 });
    engine.offer(job('a', 100, 10), 0);
    engine.offer(job('b', 100, 10), 0);
    engine.cancel('b', 1);
    runDry(engine);
    expect(engine.timing('b')?.startedAt).toBeUndefined();
    expect(engine.tokenAt('b', 1)).toBeUndefined();
  });
});

describe('the memory of jobs', () => {
  it('lets go of the oldest that ended, and of none that still runs', () => {
    const engine = engineWith({ parallel: 2 });
    engine.offer(job('long', 100, 1_000_000), 0);
    for (let id = 0; id < 5000; id++) engine.offer(job(`${id}`, 1, 1), id * 2000);
    expect(engine.state('long')?.kind).toBe('decode');
    engine.cancel('long', 1e7);
    for (let id = 5000; id < 5002; id++) engine.offer(job(`${id}`, 1, 1), 1e7);
    expect(engine.state('long')).toBeUndefined();
    expect(engine.state('0')).toBeUndefined();
    expect(engine.state('4999')?.kind).toBe('done');
  });
});

describe('the batch', () => {
  it('gives two readers the speed the decode formula says', () => {
    const engine = engineWith({ parallel: 2 });
    engine.offer(job('a', 512, 400), 0);
    engine.offer(job('b', 512, 400), 0);
    engine.advance(2000);
    const stepMs = instant(engine.tokenAt('b', 101)) - instant(engine.tokenAt('b', 100));
    // Both contexts hold 512 tokens and some hundred more.
    expect(stepMs).toBeGreaterThan(decodeStepMs(profile, 2, 1.024));
    expect(stepMs).toBeLessThan(decodeStepMs(profile, 2, 1.824));
  });

  it('a prefill chunk stalls the neighbour that decodes, and nobody before it began', () => {
    const engine = engineWith({ parallel: 2 });
    engine.offer(job('a', 512, 400), 0);
    engine.advance(1000);
    const before = instant(engine.timing('a')?.outputTokens);
    engine.offer(job('b', 2048, 10), 1000);
    runDry(engine);

    const gaps = Array.from(
      { length: 380 },
      (_, k) => instant(engine.tokenAt('a', k + 2)) - instant(engine.tokenAt('a', k + 1)),
    );
    const longest = Math.max(...gaps);
    expect(longest).toBeGreaterThan(700);
    expect(longest).toBeLessThan(900);
    expect(gaps.indexOf(longest) + 1).toBeGreaterThanOrEqual(before);
    expect(gaps.filter((gap) => gap > 100)).toHaveLength(1);
  });

  it('prompts are read one after the other', () => {
    const engine = engineWith({ parallel: 4 });
    for (const id of ['a', 'b', 'c']) engine.offer(job(id, 4000, 5), 0);
    runDry(engine);
    for (const [earlier, later] of [
      ['a', 'b'],
      ['b', 'c'],
    ] as const)
      expect(engine.timing(later)?.prefillStartedAt).toBeGreaterThanOrEqual(
        instant(engine.timing(earlier)?.firstTokenAt),
      );
  });
});

describe('the prefix cache', () => {
  it('shortens the prefill of a prompt that begins as the last one did', () => {
    const engine = engineWith({ parallel: 1 });
    engine.offer(job('turn-1', 2000, 10, 'chat'), 0);
    engine.offer(job('turn-2', 2200, 10, 'chat'), 0);
    engine.offer(job('other', 2200, 10), 0);
    runDry(engine);
    const readMs = (id: string): number =>
      instant(engine.tokenAt(id, 1)) - instant(engine.timing(id)?.prefillStartedAt);

    expect(engine.timing('turn-2')?.cachedTokens).toBe(
      Math.floor(2000 / blockTokens) * blockTokens,
    );
    expect(engine.timing('other')?.cachedTokens).toBe(0);
    expect(readMs('turn-2')).toBeLessThan(readMs('other') / 2);
  });

  it('always reads the last token', () => {
    const engine = engineWith({ parallel: 1 });
    engine.offer(job('a', 640, 5, 'same'), 0);
    engine.offer(job('b', 640, 5, 'same'), 0);
    runDry(engine);
    expect(engine.timing('b')?.cachedTokens).toBe(639);
  });

  it('takes the slot that remembers most', () => {
    const engine = engineWith({ parallel: 2 });
    engine.offer(job('a', 640, 5, 'red'), 0);
    engine.offer(job('b', 640, 5, 'blue'), 0);
    const idleAt = runDry(engine);
    engine.offer(job('c', 640, 5, 'blue'), idleAt);
    engine.offer(job('d', 640, 5, 'red'), idleAt);
    runDry(engine);
    expect(engine.timing('c')?.cachedTokens).toBe(639);
    expect(engine.timing('d')?.cachedTokens).toBe(639);
  });

  it('keeps of a cancelled prompt only what was read', () => {
    const engine = engineWith({ parallel: 1 });
    engine.offer(job('a', 8192, 5, 'long'), 0);
    // One chunk takes about 0.85 s; the second is under way.
    engine.cancel('a', 1300);
    engine.offer(job('b', 8192, 5, 'long'), 3000);
    expect(engine.timing('b')?.cachedTokens).toBe(2048);
  });
});

type Move =
  | {
      readonly kind: 'offer';
      readonly prompt: number;
      readonly output: number;
      readonly text: string;
    }
  | { readonly kind: 'cancel'; readonly which: number }
  | { readonly kind: 'wait' };

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({
    kind: fc.constant('offer' as const),
    prompt: fc.integer({ min: 1, max: 5000 }),
    output: fc.integer({ min: 1, max: 60 }),
    text: fc.constantFrom('red', 'blue', 'green'),
  }),
  fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(20) }),
  fc.constant({ kind: 'wait' as const }),
);

const history = fc.array(
  fc.record({ move, afterMs: fc.double({ min: 0, max: 1500, noNaN: true }) }),
  {
    maxLength: 25,
  },
);

describe('however offers, cancellations and time interleave', () => {
  it('tokens are in order, those that left stay where they were, and none moves to the past', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), history, (parallel, moves) => {
        const engine = engineWith({ parallel });
        const jobs: Job[] = [];
        const left = new Map<string, number[]>();
        const look = (now: number): void => {
          for (const { id, outputTokens } of jobs) {
            const seen = left.get(id) ?? [];
            let last = Number.NEGATIVE_INFINITY;
            for (let k = 1; k <= outputTokens; k++) {
              const at = engine.tokenAt(id, k);
              if (at === undefined) break;
              expect(at).toBeGreaterThanOrEqual(last);
              last = at;
              if (k > seen.length && at <= now) seen.push(at);
              expect(seen[k - 1] ?? at).toBe(at);
            }
            // What left is still known, and the engine counts the same.
            expect(engine.timing(id)?.outputTokens).toBe(seen.length);
            left.set(id, seen);
          }
        };
        const reach = (instant: number): void => {
          for (let at = engine.nextChangeAt(); at !== undefined; at = engine.nextChangeAt()) {
            if (at > instant) break;
            engine.advance(at);
            for (const { id } of jobs) {
              const next = engine.tokenAt(id, (left.get(id)?.length ?? 0) + 1);
              expect(next ?? Number.POSITIVE_INFINITY).toBeGreaterThan(lookedAt);
            }
            look(at);
            lookedAt = at;
          }
          engine.advance(instant);
          look(instant);
          lookedAt = instant;
        };
        let now = 0;
        let lookedAt = -1;
        for (const { move: made, afterMs } of moves) {
          now += afterMs;
          reach(now);
          if (made.kind === 'offer') {
            const offered = job(`${jobs.length}`, made.prompt, made.output, made.text);
            jobs.push(offered);
            engine.offer(offered, now);
          }
          if (made.kind === 'cancel') engine.cancel(`${made.which}`, now);
          look(now);
          expect(engine.runningCount).toBeLessThanOrEqual(parallel);
          expect(engine.runningCount < parallel && engine.queuedCount > 0).toBe(false);
        }
        reach(1e9);
        for (const { id, outputTokens } of jobs) {
          const state = engine.state(id);
          expect(['done', 'cancelled']).toContain(state?.kind);
          expect(state?.kind === 'done' && left.get(id)?.length !== outputTokens).toBe(false);
        }
        expect([engine.runningCount, engine.queuedCount]).toEqual([0, 0]);
        expect(engine.nextChangeAt()).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });

  it('a driver that comes late finds what a punctual one found', () => {
    fc.assert(
      fc.property(history, (moves) => {
        const [punctual, late] = [engineWith({ parallel: 3 }), engineWith({ parallel: 3 })];
        let now = 0;
        let count = 0;
        for (const { move: made, afterMs } of moves) {
          now += afterMs;
          for (let at = punctual.nextChangeAt(); at !== undefined && at <= now;) {
            punctual.advance(at);
            at = punctual.nextChangeAt();
          }
          for (const engine of [punctual, late]) {
            if (made.kind === 'offer')
              engine.offer(job(`${count}`, made.prompt, made.output, made.text), now);
            if (made.kind === 'cancel') engine.cancel(`${made.which}`, now);
          }
          if (made.kind === 'offer') count++;
        }
        runDry(punctual);
        late.advance(1e9);
        for (let id = 0; id < count; id++) {
          expect(late.timing(`${id}`)).toEqual(punctual.timing(`${id}`));
          expect(late.tokenAt(`${id}`, 3)).toBe(punctual.tokenAt(`${id}`, 3));
        }
      }),
      { numRuns: 100 },
    );
  });
});
