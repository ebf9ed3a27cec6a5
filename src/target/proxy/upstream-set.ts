/**
 * The upstreams of a proxy, from one reading of its file to the next: those of backends that have
 * not changed go on with their connections, the others are closed once nothing runs on them.
 */

import { isDeepStrictEqual } from 'node:util';

import type { BackendSystem } from '../../system/system.ts';
import type { UpstreamParts } from './backend-path.ts';
import { chatUpstream } from './chat-upstream.ts';
import { ollamaUpstream } from './ollama-upstream.ts';
import type { Upstream } from './proxy.ts';
import { responsesUpstream } from './responses-upstream.ts';

interface UpstreamSetParts extends UpstreamParts {
  readonly system: { readonly backends: readonly BackendSystem[] };
}

type ByName = ReadonlyMap<string, Upstream>;

export class UpstreamSet {
  readonly #parts: UpstreamParts;
  readonly #used = new Set<ByName>();
  #backends: readonly BackendSystem[] = [];
  #current: ByName = new Map();

  constructor({ clock, lookup, system }: UpstreamSetParts) {
    this.#parts = { clock, ...(lookup && { lookup }) };
    this.adopt(system.backends);
  }

  /** By the name of the backend. */
  get current(): ByName {
    return this.#current;
  }

  /**
   * Goes on with other backends. What is given back is to be called when nothing runs any more on
   * what was there before.
   */
  adopt(backends: readonly BackendSystem[]): () => Promise<void> {
    const before = this.#current;
    const current = new Map(backends.map((backend) => [backend.name, this.#upstreamOf(backend)]));
    this.#used.add(current);
    this.#current = current;
    this.#backends = backends;
    return async () => {
      this.#used.delete(before);
      const kept = new Set([...this.#used].flatMap((upstreams) => [...upstreams.values()]));
      await closeAll([...before.values()].filter((upstream) => !kept.has(upstream)));
    };
  }

  async close(): Promise<void> {
    await closeAll(new Set([...this.#used].flatMap((upstreams) => [...upstreams.values()])));
    this.#used.clear();
  }

  #upstreamOf(backend: BackendSystem): Upstream {
    const before = this.#backends.find(({ name }) => name === backend.name);
    const open = this.#current.get(backend.name);
    // Certificates may have changed though the name of their file has not.
    const isSame = backend.caFile === undefined && isDeepStrictEqual(before, backend);
    if (open && isSame) return open;
    return factoryOf(backend)(backend, this.#parts);
  }
}

const closeAll = async (upstreams: Iterable<Upstream>): Promise<void> => {
  await Promise.all([...upstreams].map((upstream) => upstream.close()));
};

const factoryOf = ({ wire, api }: BackendSystem): typeof responsesUpstream => {
  if (wire === 'ollama') return ollamaUpstream;
  return api === 'chat' ? chatUpstream : responsesUpstream;
};
