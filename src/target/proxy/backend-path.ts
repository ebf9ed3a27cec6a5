/**
 * The ways to one backend, in order of preference: the tailnet address first, say, then Funnel.
 *
 * A path that cannot be connected is set aside for a while, so that not every request pays for
 * finding out again. Its health is its own: as long as one path works the backend is well, and only
 * when all have failed does the heart hear of it. The preferred path is tried again once its time
 * has passed.
 */

import type { LookupFunction } from 'node:net';

import type { BackendSystem } from '../../system/system.ts';
import type { Clock } from '../../time/clock.ts';
import { ConnectionPool } from './connector.ts';
import { ConnectError } from './failure.ts';
import type { HttpAnswer, HttpRequest } from './http-exchange.ts';

/** What the adapters are given besides their backend. */
export interface UpstreamParts {
  readonly clock: Clock;
  /** Resolves host names; the machine's own resolver when absent. */
  readonly lookup?: LookupFunction;
}

/** How long a path that could not be connected is left alone. */
const setAsideMs = 30_000;

interface Path {
  readonly basePath: string;
  readonly pool: ConnectionPool;
  setAsideUntil: number;
}

export class BackendPaths {
  readonly #clock: Clock;
  readonly #paths: readonly Path[];

  constructor(backend: BackendSystem, { clock, lookup }: UpstreamParts) {
    this.#clock = clock;
    this.#paths = backend.urls.map((url) => {
      const { origin, pathname } = new URL(url);
      const proxy = backend.egress?.[url];
      const via = backend.via?.[url];
      return {
        basePath: pathname.replace(/\/+$/, ''),
        pool: new ConnectionPool({
          origin,
          connectMs: backend.connectMs,
          clock,
          ...(via ? { via } : {}),
          ...(proxy === undefined ? {} : { proxy }),
          ...(backend.caFile === undefined ? {} : { caFile: backend.caFile }),
          ...(lookup ? { lookup } : {}),
        }),
        setAsideUntil: Number.NEGATIVE_INFINITY,
      };
    });
  }

  /**
   * Sends a request over the first path that connects. `pathOf` turns the base path of a URL
   * (`/v1`) into the path to ask for.
   */
  async send(
    pathOf: (basePath: string) => string,
    request: Omit<HttpRequest, 'path'>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    let failure: unknown;
    for (const path of this.#inOrder()) {
      try {
        return await path.pool.send({ ...request, path: pathOf(path.basePath) }, signal);
      } catch (error) {
        if (!(error instanceof ConnectError) || signal.aborted) throw error;
        path.setAsideUntil = this.#clock.now() + setAsideMs;
        failure = error;
      }
    }
    throw failure ?? new ConnectError('the backend has no address');
  }

  async close(): Promise<void> {
    await Promise.all(this.#paths.map(({ pool }) => pool.close()));
  }

  /** Paths that are set aside come last: better a doubtful path than none. */
  #inOrder(): readonly Path[] {
    const now = this.#clock.now();
    const isSetAside = (path: Path): boolean => path.setAsideUntil > now;
    return [
      ...this.#paths.filter((path) => !isSetAside(path)),
      ...this.#paths.filter((path) => isSetAside(path)),
    ];
  }
}
