/**
 * The Responses proxy: what a transport talks to.
 *
 * It is given its clock, chance, store, upstreams and limits, and imports none of them, so the same
 * proxy runs behind HTTP and in virtual time.
 */

import type { ResponseResource } from '../../protocol/responses.ts';
import { timedIds } from '../../random/id.ts';
import type { Random } from '../../random/random.ts';
import { modelNamed } from '../../system/model-name.ts';
import { ApiError, modelNotFound, shuttingDown, unsupported } from './api-error.ts';
import type { BackendHealth } from './backend.ts';
import { Background, BackgroundTask } from './background.ts';
import { CapturedReply, compacted, summaryRequest } from './compaction.ts';
import { ConversationBook } from './conversation-book.ts';
import { memoryConversations } from './conversation-store.ts';
import { type Conversation, resolveConversation } from './conversation.ts';
import { type Delivery, JsonDelivery, StreamDelivery, refuse } from './delivery.ts';
import { Generation } from './generation.ts';
import { type InputCount, inputCount } from './input-count.ts';
import { type ItemPage, type PageQuery, itemPage } from './input-item-list.ts';
import type { Caller, ProxyParts, Reply, StateStore } from './proxy.ts';
import { prepare } from './preparation.ts';
import type { ResponseRequest } from './request.ts';
import { requestFacts, watchedReply } from './request-watch.ts';
import { RetryBudget, type RetryStanding } from './retry-budget.ts';
import { type RequestMeter, Metering } from './meter.ts';
import { Placement } from './placement.ts';
import { Roster } from './roster.ts';
import { isLocalOnly } from './router.ts';
import { fittedConversation } from './truncation.ts';
import { Turn } from './turn.ts';
import { type UsageReport, usageQuestion, usageReport } from './usage-report.ts';

/** The list that `GET /v1/models` gives. */
export interface ModelList {
  readonly object: 'list';
  readonly data: readonly ModelEntry[];
}

interface ModelEntry {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
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
  readonly retries: RetryStanding;
}

/** What a connection that outlives a request brings to it. */
export interface Connection {
  readonly store: StateStore;
  /** Only the state is to be prepared: nothing is generated. */
  readonly isPreparation: boolean;
}

/** A request, and what it is served with to its end. */
interface Asked {
  readonly generation: Generation;
  readonly request: ResponseRequest;
  readonly caller: Caller;
  readonly reply: Reply;
  readonly connection: Connection | undefined;
}

/** What another file may change while the proxy serves. */
export type NextParts = Pick<ProxyParts, 'system' | 'upstreams'>;

export class Proxy {
  #generation: Generation;
  /** The one that serves, and those whose last requests are running. */
  readonly #generations: Set<Generation>;
  readonly #background: Background;
  /** Conversations that are kept under names of their own. */
  readonly conversations: ConversationBook;
  readonly #metering: Metering;
  readonly #retries = new RetryBudget();
  /** Where the shares of weighted candidates are drawn from. */
  readonly #shares: Random;
  readonly #openedAt: number;
  readonly #turns = new Roster<Turn>();
  #inFlight = 0;
  #isStopped = false;

  constructor(given: ProxyParts) {
    const wall = (): number => given.clock.wall();
    const parts = { ...given, ids: timedIds(given.ids, wall) };
    this.#generation = new Generation(parts);
    this.#generations = new Set([this.#generation]);
    this.#background = new Background(parts.store, parts.clock);
    const { retainDays } = parts.system.state;
    const conversations = parts.conversations ?? memoryConversations({ retainDays, wall });
    this.conversations = new ConversationBook({ ...parts, conversations });
    this.#metering = new Metering(parts);
    this.#shares = parts.random.fork('shares');
    this.#openedAt = Math.floor(parts.clock.wall() / 1000);
  }

  get #parts(): ProxyParts {
    return this.#generation.parts;
  }

  /**
   * Answers one request; a background response is made before this resolves. Rejects only by our
   * own fault, and then the client has been told.
   */
  async respond(
    request: ResponseRequest,
    caller: Caller,
    reply: Reply,
    connection?: Connection,
  ): Promise<void> {
    const generation = this.#generation;
    const watch = generation.parts.watch?.(requestFacts(request, caller));
    const watched = watch ? watchedReply(reply, watch) : reply;
    const asked = { generation, request, caller, reply: watched, connection };
    this.#inFlight++;
    try {
      await generation.serve(() => this.#respond(asked));
    } finally {
      this.#inFlight--;
      watch?.ended(reply.gone.aborted);
    }
  }

  async #respond({ generation, request, caller, reply, connection }: Asked): Promise<void> {
    const { parts, backends } = generation;
    const { ids, clock, system } = parts;
    const { conversationId } = request;
    let leave: (() => void) | undefined;
    let meter: RequestMeter | undefined;
    try {
      if (this.#isStopped) throw shuttingDown();
      if (request.previousResponseId !== undefined)
        this.#background.requireFinished(request.previousResponseId, caller.name);
      const model = modelNamed(system.models, request.model);
      if (!model) throw modelNotFound(request.model);
      meter = await this.#metering.enter(request.model, caller);
      using taken =
        conversationId === undefined
          ? undefined
          : await this.conversations.take(conversationId, caller.name);
      const base = connection?.store ?? parts.store;
      const store = taken?.storeOver(base) ?? base;
      const resolved = await resolveConversation(request, caller.name, store, ids, {
        kept: taken?.history,
        isHome: isLocalOnly(caller.residency, model.residency),
      });
      const conversation = fittedConversation({
        request,
        conversation: resolved,
        model,
        caller,
        backends,
        countTokens: parts.countTokens,
      });
      if (connection?.isPreparation === true) {
        await prepare({ clock, ids, request, conversation, caller, store, reply });
        return;
      }
      const asked = { parts, backends, request, conversation, caller };
      const placement = new Placement({
        ...asked,
        model,
        meter,
        random: this.#shares,
      });
      meter.reserve(() => placement.chargedTokens);
      const headers = { 'x-request-id': caller.requestId, ...meter.headers };
      const task = request.isBackground
        ? new BackgroundTask(caller.name, request.isStream)
        : undefined;
      const turn = new Turn({
        ...asked,
        placement,
        meter,
        retries: this.#retries,
        store,
        gone: task?.gone ?? reply.gone,
        delivery: (told) => task?.delivery ?? deliveryOf(request, { reply, clock, headers: told }),
      });
      leave = this.#turns.enter(turn);
      if (this.#isStopped) turn.stop(shuttingDown());
      await (task ? this.#background.run(task, turn, reply, headers) : turn.run());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refuse(reply, error, { 'x-request-id': caller.requestId, ...meter?.headers });
    } finally {
      meter?.leave();
      leave?.();
    }
  }

  /** How long a prompt is; throws an `ApiError`. */
  async countInput(request: ResponseRequest, caller: Caller): Promise<InputCount> {
    const { model } = request;
    const isServed =
      modelNamed(this.#parts.system.models, model) !== undefined &&
      this.#metering.mayUse(caller.name, model);
    if (model !== '' && !isServed) throw modelNotFound(model);
    return inputCount(request, await this.#conversationOf(request, caller), this.#parts);
  }

  /** Answers with a conversation in short, or with the error of making it. */
  async compact(request: ResponseRequest, caller: Caller, reply: Reply): Promise<void> {
    try {
      if (request.conversationId !== undefined)
        throw unsupported('conversation', "Send its items as 'input' instead.");
      const conversation = await this.#conversationOf(request, caller);
      const summary = new CapturedReply(reply.gone);
      await this.respond(summaryRequest(request), caller, summary);
      if (summary.status === 0) return;
      const body =
        summary.status === 200
          ? JSON.stringify(compacted(JSON.parse(summary.body), conversation, this.#parts))
          : summary.body;
      reply.head(summary.status, summary.headers);
      reply.write(body);
      reply.end();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refuse(reply, error, { 'x-request-id': caller.requestId });
    }
  }

  /** All that a request refers to, which nobody goes on with. */
  async #conversationOf(request: ResponseRequest, { name }: Caller): Promise<Conversation> {
    const { store, ids } = this.#parts;
    const { conversationId } = request;
    const kept =
      conversationId === undefined
        ? undefined
        : await this.conversations.history(conversationId, name);
    return resolveConversation(request, name, store, ids, { kept, isHome: false });
  }

  /** A stored response; throws an `ApiError` of 404. */
  async read(id: string, caller: Caller): Promise<ResponseResource> {
    return (await this.#background.read(id, caller)).resource;
  }

  /** What a response was asked, page by page; throws an `ApiError` of 404 or 400. */
  async inputItems(id: string, caller: Caller, query: PageQuery): Promise<ItemPage> {
    return itemPage((await this.#background.read(id, caller)).input, query);
  }

  /** Ends a running background response; throws an `ApiError` of 404 or 400. */
  async cancel(id: string, caller: Caller): Promise<ResponseResource> {
    return this.#background.cancel(id, caller);
  }

  /** Streams a background response again, from the event after `startingAfter`. */
  async replay(id: string, caller: Caller, startingAfter: number, reply: Reply): Promise<void> {
    try {
      await this.#background.replay(id, caller, startingAfter, reply);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refuse(reply, error, { 'x-request-id': caller.requestId });
    }
  }

  /** Deletes a stored response; throws an `ApiError` of 404. */
  async remove(id: string, caller: Caller): Promise<DeletedResponse> {
    await this.#background.remove(id, caller);
    return { id, object: 'response', deleted: true };
  }

  /** The model of a request that names none. */
  get defaultModel(): string | undefined {
    return this.#parts.system.defaultModel;
  }

  /** The models that the caller may ask for. */
  models(caller?: Pick<Caller, 'name'>): ModelList {
    return {
      object: 'list',
      data: this.#parts.system.models
        .filter(({ hidden }) => hidden !== true)
        .filter(({ name }) => !caller || this.#metering.mayUse(caller.name, name))
        .map(({ name }) => this.#entryOf(name)),
    };
  }

  /** What the caller may ask for under a name, listed or not. */
  model(name: string, caller: Pick<Caller, 'name'>): ModelEntry | undefined {
    const model = modelNamed(this.#parts.system.models, name);
    return model && this.#metering.mayUse(caller.name, name) ? this.#entryOf(name) : undefined;
  }

  #entryOf(id: string): ModelEntry {
    return { id, object: 'model', created: this.#openedAt, owned_by: 'spillway' };
  }

  /** What the caller used, or everybody for one who may see it; throws an `ApiError` of 400. */
  async usage(query: Readonly<Record<string, unknown>>, caller: Caller): Promise<UsageReport> {
    const question = usageQuestion(query, this.#parts.clock.wall());
    const { from, to } = question;
    const whose = this.#metering.isAdmin(caller.name) ? {} : { key: caller.name };
    return usageReport(question, await this.#metering.usage({ from, to, ...whose }));
  }

  health(): ProxyHealth {
    const backends = [...this.#generation.backends.values()];
    return {
      status: backends.some((backend) => backend.mayServe) ? 'ok' : 'unavailable',
      inFlight: this.#inFlight,
      backends: backends.map((backend) => backend.health),
      retries: this.#retries.standing(this.#parts.clock.now()),
    };
  }

  /**
   * Serves new requests as another file says, while those that are running end as they began.
   * Settles when the last of those has ended, and what it needed may be closed.
   */
  async adopt(next: NextParts): Promise<void> {
    const before = this.#generation;
    this.#generation = new Generation({ ...before.parts, ...next }, before);
    this.#generations.add(this.#generation);
    this.#metering.adopt(next.system);
    await before.retire();
    this.#generations.delete(before);
    const kept = new Set([...this.#generations].flatMap(({ backends }) => [...backends.values()]));
    for (const backend of before.backends.values()) if (!kept.has(backend)) backend.close();
  }

  /** Takes no more requests, and ends those that are running as failed. */
  stop(): void {
    this.#isStopped = true;
    for (const turn of this.#turns) turn.stop(shuttingDown());
  }

  /** Stops probing. Store and upstreams are closed by whoever opened them. */
  close(): void {
    this.stop();
    for (const { backends } of this.#generations)
      for (const backend of backends.values()) backend.close();
  }
}

const deliveryOf = (
  { isStream }: ResponseRequest,
  parts: ConstructorParameters<typeof JsonDelivery>[0],
): Delivery => (isStream ? new StreamDelivery(parts) : new JsonDelivery(parts));
