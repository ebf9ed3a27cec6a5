/**
 * The addresses of one backend in virtual time, each behind a shim of its own: the next is tried
 * where one cannot be connected, and that one is left alone for a while, as on the wire.
 */

import { type Failure, isSemantic } from '../../src/protocol/generation.ts';
import type { Upstream } from '../../src/target/proxy/proxy.ts';
import type { Clock } from '../../src/time/clock.ts';

/** What the proxy's own paths do. */
const setAsideMs = 30_000;

/** Why a path is given up for the next. */
const connectReasons: ReadonlySet<Failure['reason']> = new Set(['refused', 'unreachable', 'tls']);

/** One backend of several addresses, in order of preference. */
export const virtualPaths = (paths: readonly Upstream[], clock: Clock): Upstream => {
  const [first] = paths;
  if (!first) throw new Error('a backend has an address');
  const setAsideUntil = new Map<Upstream, number>();
  const inOrder = (): readonly Upstream[] => {
    const isAside = (path: Upstream): boolean => (setAsideUntil.get(path) ?? 0) > clock.now();
    return [...paths.filter((path) => !isAside(path)), ...paths.filter(isAside)];
  };
  return {
    name: first.name,
    close: async () => void (await Promise.all(paths.map((path) => path.close()))),
    probe: async (signal) => {
      const answers = inOrder().map((path) => () => path.probe(signal));
      let failure: unknown;
      for (const answer of answers)
        try {
          return await answer();
        } catch (error) {
          failure = error;
        }
      throw failure;
    },
    async *open(call, signal) {
      const [...rest] = inOrder();
      let mendable: Failure | undefined;
      for (let path = rest.shift(); path; path = rest.shift()) {
        let isConnected = false;
        let isGivenUp = false;
        for await (const events of path.open(call, signal)) {
          const failed = events.find((event) => event.kind === 'failure');
          isConnected ||= events.some((event) => isSemantic(event));
          isGivenUp =
            !isConnected &&
            rest.length > 0 &&
            failed !== undefined &&
            connectReasons.has(failed.failure.reason);
          if (isGivenUp) setAsideUntil.set(path, clock.now() + setAsideMs);
          const failure = failed?.failure;
          if (isGivenUp && failure?.isLasting !== true) mendable = failure;
          // What a wait may mend goes before what it cannot.
          if (!isGivenUp && failure?.isLasting === true && mendable)
            yield [{ kind: 'failure', failure: mendable }];
          else if (!isGivenUp) yield events;
        }
        if (!isGivenUp) return;
      }
    },
  };
};
