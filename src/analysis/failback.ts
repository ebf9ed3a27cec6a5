/**
 * When a backend is used again after its fault has passed.
 *
 *     ░░░ fault window ░░░│
 *       ╳ failed attempt  │  elsewhere  elsewhere  ▪ served by it again
 *                         │        fail-back       │
 *
 * The proxy cannot know when a fault ends: it finds out by its own probe, and then needs a request
 * to send. Both waits are in the figure, and how many requests went elsewhere in it tells them
 * apart.
 */

import type { FailbackRow } from './analysis.ts';
import type { ArmLog } from './arm.ts';

/**
 * A row for each fault window that ended while the arm ran, and in which its backend had failed.
 */
export const failbacksOf = ({ arm, whole, armed, attempts, exchanges }: ArmLog): FailbackRow[] =>
  armed.flatMap(({ fault, what, backend, from, until, address }) => {
    const own = attempts.filter((it) => it.backend === backend && it.cause !== 'probe');
    const hasFailed = own.some(
      ({ outcome, startedAt, endedAt }) =>
        outcome === 'failed' && endedAt >= from && startedAt < until,
    );
    if (address !== undefined || until >= whole.until || !hasFailed) return [];
    const usedAt = own.find(
      ({ outcome, startedAt }) => outcome === 'served' && startedAt >= until,
    )?.startedAt;
    const meanwhile = exchanges.filter(
      ({ exchange: { sentAt } }) =>
        sentAt !== undefined && sentAt >= until && sentAt < (usedAt ?? whole.until),
    );
    const served = new Set(own.map(({ trace }) => trace));

    return [
      {
        arm,
        fault,
        what,
        backend,
        clearedAt: until,
        ...(usedAt !== undefined && { usedAt, failbackMs: usedAt - until }),
        elsewhereCount: meanwhile.filter(({ exchange }) => !served.has(exchange.trace)).length,
      },
    ];
  });
