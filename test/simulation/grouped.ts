/**
 * Events in chunks, as the network makes them: what a backend says within a while is told together,
 * the end with the last words, a failure with what came before it.
 */

import type { GenerationEvent } from '../../src/protocol/generation.ts';
import type { Upstream } from '../../src/target/proxy/proxy.ts';
import type { Clock } from '../../src/time/clock.ts';

/** The upstream, which tells what it has at most so much later, and together. */
export const grouped = (upstream: Upstream, clock: Clock, holdMs: number): Upstream => ({
  ...upstream,
  open: (call, signal) => inGroups(upstream.open(call, signal), clock, holdMs, signal),
});

async function* inGroups(
  source: AsyncIterable<readonly GenerationEvent[]>,
  clock: Clock,
  holdMs: number,
  signal: AbortSignal,
): AsyncGenerator<readonly GenerationEvent[]> {
  let held: GenerationEvent[] = [];
  let change = Promise.withResolvers<void>();
  let isOver = false;
  let error: unknown;
  const isGone = (): boolean => signal.aborted;
  const onChange = (): void => change.resolve();
  const end = (thrown?: unknown): void => {
    isOver = true;
    error = thrown;
    onChange();
  };
  const pump = async (): Promise<void> => {
    for await (const events of source) {
      held.push(...events);
      onChange();
    }
  };
  pump().then(() => end(), end);
  signal.addEventListener('abort', onChange, { once: true });
  while (!isGone()) {
    if (held.length === 0 && !isOver) await change.promise;
    if (!isOver && !isGone()) await clock.sleep(holdMs, signal).catch(() => undefined);
    change = Promise.withResolvers();
    const told = held;
    held = [];
    if (told.length > 0 && !isGone()) yield told;
    if (isOver && held.length === 0) break;
  }
  signal.removeEventListener('abort', onChange);
  if (error !== undefined) throw error;
}
