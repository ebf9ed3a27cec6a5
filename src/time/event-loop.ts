/**
 * How busy this thread is: the part of measuring oneself that needs the machine's clock.
 */

import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** What the event loop of one thread did since the last look. */
export interface EventLoopReading {
  /** Share of the time the loop was busy, 0 to 1. */
  readonly utilisationRatio: number;
  /** 99th percentile of how late the loop came round, in milliseconds, over what it should. */
  readonly delayMsP99: number;
  readonly delayMsMax: number;
}

const resolutionMs = 10;

/** The monitor's samples include its own timer of `resolutionMs`. */
const over = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs);

/** Watches the event loop of the calling thread until disposed. */
export const eventLoopMeter = (): Disposable & { read(): EventLoopReading } => {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let last: EventLoopUtilization = performance.eventLoopUtilization();

  return {
    read: () => {
      const current = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(current, last);
      last = current;
      const reading = {
        utilisationRatio: utilization,
        delayMsP99: over(delay.percentile(99)),
        delayMsMax: over(delay.max),
      };
      delay.reset();
      return reading;
    },
    [Symbol.dispose]: () => {
      delay.disable();
    },
  };
};
