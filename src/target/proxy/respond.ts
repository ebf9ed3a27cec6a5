/**
 * The Responses proxy: what a transport talks to.
 *
 * It is given its clock, chance, store, upstreams and limits, and imports none of them, so the same
 * proxy runs behind HTTP and in virtual time.
 */

import assert from 'node:assert/strict';

import type { ResponseResource } from '../../protocol/responses.ts';
import { ApiError, modelNotFound, responseNotFound } from './api-error.ts';
import { Backend, type BackendHealth } from './backend.ts';
import { resolveConversation } from './conversation.ts';
import { refuse } from './delivery.ts';
import type { Caller, ProxyParts, Reply } from './proxy.ts';
import type { ResponseRequest } from './request.ts';
import { requestFacts, watchedReply } from './request-watch.ts';
import { Turn } from './turn.ts';

/** The list that `GET /v1/models` gives. */
export interface ModelList {
  readonly object: 'list';
  readonly data: readonly {
    readonly id: string;
    readonly object: 'model';
    readonly created: number;
    readonly owned_by: string;
  }[];
}

export interface DeletedResponse {
  readonly id: string;
  readonly object: 'response';
  readonly deleted: true;
}

export interface ProxyHealth {
  /** `ok` while some backend serves. */
  readonly status: 'ok' | 'unavailable';
  readonly inFlight: number;
  readonly backends: readonly BackendHealth[];
}

export class Proxy {
  readonly #parts: ProxyParts;
  readonly #backends: ReadonlyMap<string, Backend>;
  readonly #openedAt: number;
  #inFlight = 0;

  constructor(parts: ProxyParts) {
    this.#parts = parts;
    this.#openedAt = Math.floor(parts.clock.wall() / 1000);
    this.#backends = new Map(
      parts.system.backends.map((system) => {
        const upstream = parts.upstreams.get(system.name);
        assert.ok(upstream, `no upstream for backend ${system.name}`);
        return [system.name, new Backend(system, upstream, parts.system.breaker, parts.clock)];
      }),
    );
  }

  /** Answers one request. Rejects only by our own fault, and then the client has been told. */
  async respond(request: ResponseRequest, caller: Caller, reply: Reply): Promise<void> {
    const watch = this.#parts.watch?.(requestFacts(request, caller));
    if (!watch) return this.#respond(request, caller, reply);
    try {
      await this.#respond(request, caller, watchedReply(reply, watch));
    } finally {
      watch.ended(reply.gone.aborted);
    }
  }

  async #respond(request: ResponseRequest, caller: Caller, reply: Reply): Promise<void> {
    const { store, ids } = this.#parts;
    this.#inFlight++;
    try {
      if (!this.#parts.system.models.some(({ name }) => name === request.model))
        throw modelNotFound(request.model);
      const conversation = await resolveConversation(request, caller.name, store, ids);
      await new Turn({
        parts: this.#parts,
        backends: this.#backends,
        request,
        conversation,
        caller,
        reply,
      }).run();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refuse(reply, error, { 'x-request-id': caller.requestId });
    } finally {
      this.#inFlight--;
    }
  }

  /** A stored response; throws an `ApiError` of 404. */
  async read(id: string, caller: Caller): Promise<ResponseResource> {
    const stored = await this.#parts.store.get(id);
    if (stored?.owner !== caller.name) throw responseNotFound(id);

    return stored.resource;
  }

  /** Deletes a stored response; throws an `ApiError` of 404. */
  async remove(id: string, caller: Caller): Promise<DeletedResponse> {
    await this.read(id, caller);
    await this.#parts.store.delete(id);
    return { id, object: 'response', deleted: true };
  }

  models(): ModelList {
    return {
      object: 'list',
      data: this.#parts.system.models.map(({ name }) => ({
        id: name,
        object: 'model',
        created: this.#openedAt,
        owned_by: 'spillway',
      })),
    };
  }

  health(): ProxyHealth {
    const backends = [...this.#backends.values()];
    return {
      status: backends.some((backend) => backend.mayServe) ? 'ok' : 'unavailable',
      inFlight: this.#inFlight,
      backends: backends.map((backend) => backend.health),
    };
  }

  /** Stops probing. Store and upstreams are closed by whoever opened them. */
  close(): void {
    for (const backend of this.#backends.values()) backend.close();
  }
}
