/**
 * What the proxy serves with, from one reading of its file to the next.
 *
 *     file ──▶ generation 1 ──────── its last request ends ──▶ closed
 *     file again ──▶ generation 2 ──▶ …
 *
 * A request keeps the generation it began with to its end, failover included, so that nothing is
 * dropped when another takes over. A backend whose description is the same goes along, with its
 * circuit, its slots and its connections.
 */

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

import { Backend } from './backend.ts';
import type { ProxyParts } from './proxy.ts';

export class Generation {
  readonly parts: ProxyParts;
  readonly backends: ReadonlyMap<string, Backend>;
  #requestCount = 0;
  #isRetired = false;
  readonly #unused = Promise.withResolvers<void>();

  constructor(parts: ProxyParts, previous?: Generation) {
    this.parts = parts;
    const { system, upstreams, clock, ids, tell } = parts;
    const random = parts.random.fork('circuits');
    const isSamePolicy = isDeepStrictEqual(system.breaker, previous?.parts.system.breaker);
    this.backends = new Map(
      system.backends.map((backend) => {
        const upstream = upstreams.get(backend.name);
        assert.ok(upstream, `no upstream for backend ${backend.name}`);
        const before = previous?.backends.get(backend.name);
        const isSame = isSamePolicy && before?.upstream === upstream;
        const next = isSame
          ? before
          : new Backend(backend, upstream, {
              policy: system.breaker,
              clock,
              random: random.fork(backend.name),
              ids,
              ...(tell && { tell }),
            });
        return [backend.name, next];
      }),
    );
  }

  /** Serves a request: until it has ended, this generation is in use. */
  async serve(request: () => Promise<void>): Promise<void> {
    this.#requestCount++;
    try {
      await request();
    } finally {
      this.#requestCount--;
      this.#settle();
    }
  }

  /** No request begins with it any more; settles when the last has ended. */
  retire(): Promise<void> {
    this.#isRetired = true;
    this.#settle();
    return this.#unused.promise;
  }

  #settle(): void {
    if (this.#isRetired && this.#requestCount === 0) this.#unused.resolve();
  }
}
