/**
 * The ways to one backend, in order of preference: the tailnet address first, say, then Funnel.
 *
 * A path that cannot be connected is set aside, so that not every request pays for finding out
 * again, and probed until it is back (`path-health.ts`). As long as one path works the backend is
 * well, and only when all have failed does the heart hear of it.
 */

import type { LookupFunction } from 'node:net';

import type { BackendSystem } from '../../system/system.ts';
import { type Clock, within } from '../../time/clock.ts';
import { ConnectionPool } from './connector.ts';
import { ConnectError, failureOfError, isOwnError } from './failure.ts';
import type { HttpAnswer, HttpRequest } from './http-exchange.ts';
import { PathHealth } from './path-health.ts';
import type { Alarm } from './proxy.ts';

/** What the adapters are given besides their backend. */
export interface UpstreamParts {
  readonly clock: Clock;
  /** Resolves host names; the machine's own resolver when absent. */
  readonly lookup?: LookupFunction;
}

/** How long the probe of a path may take. */
const probeMsMax = 3000;

interface Path {
  readonly address: string;
  readonly basePath: string;
  readonly pool: ConnectionPool;
  readonly health: PathHealth;
  timer: Disposable | undefined;
}

export class BackendPaths {
  readonly #clock: Clock;
  readonly #paths: readonly Path[];
  readonly #closing = new AbortController();

  constructor(backend: BackendSystem, { clock, lookup }: UpstreamParts) {
    this.#clock = clock;
    this.#paths = backend.urls.map((url) => {
      const { origin, pathname, host } = new URL(url);
      const proxy = backend.egress?.[url];
      const via = backend.via?.[url];
      return {
        address: host,
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
        health: new PathHealth(),
        timer: undefined,
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
        const answer = await path.pool.send({ ...request, path: pathOf(path.basePath) }, signal);
        path.health.succeed();
        return answer;
      } catch (error) {
        if (!(error instanceof ConnectError) || signal.aborted || isOwnError(error)) throw error;
        this.#fail(path, error);
        // What a wait may mend goes before what it cannot, or nobody would look again in time.
        if (failure === undefined || failureOfError(error).isLasting !== true) failure = error;
      }
    }
    throw failure ?? new ConnectError('the backend has no address');
  }

  /**
   * Asks over a connection of its own, on the path that requests take now. One that does not answer
   * before the caller gives up is set aside.
   */
  async sendFresh(
    pathOf: (basePath: string) => string,
    request: Omit<HttpRequest, 'path'>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const [path] = this.#inOrder();
    if (!path) throw new ConnectError('the backend has no address');
    try {
      return await path.pool.sendFresh({ ...request, path: pathOf(path.basePath) }, signal);
    } catch (error) {
      if (!isOwnError(error) && !this.#closing.signal.aborted) this.#fail(path, error);
      throw error;
    }
  }

  /** Dials ahead where no connection waits, for a request that may come. */
  prepare(): void {
    this.#inOrder()[0]?.pool.prepare();
  }

  /** Paths that people must mend, where there are others beside them. */
  alarms(): readonly Alarm[] {
    if (this.#paths.length < 2) return [];
    return this.#paths.flatMap(({ address, health: { alarm } }) =>
      alarm ? [{ address, reason: alarm.reason, message: alarm.message }] : [],
    );
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const { timer } of this.#paths) timer?.[Symbol.dispose]();
    await Promise.all(this.#paths.map(({ pool }) => pool.close()));
  }

  /** The only path is used whatever its health: the heart's own circuit looks after it. */
  #fail(path: Path, error: unknown): void {
    if (this.#paths.length < 2) return;
    path.health.fail(failureOfError(error), this.#clock.now());
    path.timer?.[Symbol.dispose]();
    const { probeAt } = path.health;
    if (probeAt === undefined || this.#closing.signal.aborted) return;
    path.timer = this.#clock.at(probeAt, () => void this.#probe(path));
  }

  /** Whatever is answered, the way there and back is open. */
  async #probe(path: Path): Promise<void> {
    const leave = new AbortController();
    const signal = AbortSignal.any([leave.signal, this.#closing.signal]);
    const request = { method: 'GET', path: `${path.basePath}/`, headers: {} } as const;
    try {
      const asked = path.pool.sendFresh(request, signal);
      (await within(this.#clock, probeMsMax, 'the probe', asked)).leave();
      path.health.succeed();
    } catch (error) {
      this.#fail(path, error);
    } finally {
      leave.abort();
    }
  }

  /** Paths that are set aside come last: better a doubtful path than none. */
  #inOrder(): readonly Path[] {
    const [first] = this.#paths;
    if (this.#paths.length === 1 || first?.health.isSetAside === false) return this.#paths;
    return [
      ...this.#paths.filter(({ health }) => !health.isSetAside),
      ...this.#paths.filter(({ health }) => health.isSetAside),
    ];
  }
}
