/** Watches one part of the harness: how busy its thread is, and how much it has in hand. */

import type { Sample } from '../log/entry.ts';
import type { Clock } from '../time/clock.ts';
import { eventLoopMeter } from '../time/event-loop.ts';

const intervalMs = 1000;

export interface HealthOptions {
  readonly clock: Clock;
  /** `load`, `proxy`, `backends`, or `backend:NAME`. */
  readonly where: string;
  /** The run's arm is added by the receiver. */
  readonly emit: (sample: Omit<Sample, 'arm'>) => void;
  /** What only the part itself knows: in flight, queued, running, breaker. */
  readonly read?: () => Partial<Sample>;
}

/** Takes a sample of the calling thread each second, until disposed. */
export const watchHealth = ({ clock, where, emit, read }: HealthOptions): Disposable => {
  const meter = eventLoopMeter();
  let due = clock.now() + intervalMs;
  let timer: Disposable;
  const take = (): void => {
    const { utilisationRatio, delayMsP99 } = meter.read();
    emit({
      ...read?.(),
      kind: 'sample',
      at: clock.now(),
      where,
      utilisationRatio,
      loopDelayMsP99: delayMsP99,
      rssMb: process.memoryUsage.rss() / 2 ** 20,
    });
    // A thread that was held up takes one sample, not all those it missed.
    due = Math.max(due + intervalMs, clock.now());
    timer = clock.at(due, take);
  };
  timer = clock.at(due, take);

  return {
    [Symbol.dispose]: () => {
      timer[Symbol.dispose]();
      meter[Symbol.dispose]();
    },
  };
};
