/**
 * When a fault is there: a step, or a square wave.
 *
 *     step     ───────┤██████████████████├──────────
 *                    from               until
 *     wave     ───────┤███├──┤███├──┤███├───────────
 *                     └ lasts┘
 *                     └ period ┘
 *
 * Pure; instants are milliseconds since the arm's origin.
 */

import type { FaultWindow } from './fault.ts';

interface Span {
  readonly from: number;
  readonly until: number;
}

/** Instants are sums of fractions: short of a period by this part of it is as good as there. */
const periodSlack = 1e-6;

/** Whether the fault is there now. */
export const isWithin = (window: FaultWindow, now: number): boolean => {
  const span = spanAt(window, now);
  return span !== undefined && now >= span.from && now < span.until;
};

/** When the window that is open now ends. */
export const endsAt = (window: FaultWindow, now: number): number =>
  spanAt(window, now)?.until ?? window.until;

/** The next instant after `now` at which a window opens; undefined when none will. */
export const opensAfter = (window: FaultWindow, now: number): number | undefined => {
  if (now < window.from) return window.from;
  const { wave } = window;
  if (!wave) return undefined;
  const next = window.from + (cycleAt(window.from, wave.periodMs, now) + 1) * wave.periodMs;
  return next < window.until ? next : undefined;
};

/** Every span of the window up to an instant. */
export const spansUntil = (window: FaultWindow, until: number): readonly Span[] => {
  const { from, wave } = window;
  const last = Math.min(window.until, until);
  if (!wave) return [{ from, until: last }];
  const spans: Span[] = [];
  for (let cycle = 0; from + cycle * wave.periodMs < last; cycle++) {
    const begin = from + cycle * wave.periodMs;
    spans.push({ from: begin, until: Math.min(begin + wave.lastsMs, last) });
  }
  return spans;
};

const spanAt = ({ from, until, wave }: FaultWindow, now: number): Span | undefined => {
  if (now < from) return undefined;
  if (!wave) return { from, until };
  const begin = from + cycleAt(from, wave.periodMs, now) * wave.periodMs;
  return { from: begin, until: Math.min(begin + wave.lastsMs, until) };
};

const cycleAt = (from: number, periodMs: number, now: number): number =>
  Math.floor((now - from) / periodMs + periodSlack);
