/**
 * A Spark on loopback: Ollama's wire in front of a model of the box.
 *
 *     ask ──▶ fits the window? ──▶ box: load, queue, prefill, decode ──▶ a line a token ──▶ timings
 *      404       front dropped        503 while too many wait
 *      400       or 400               for the loader
 *
 * As with the real one, nothing is sent before the first token, not even the head, and a client
 * that leaves frees its slot.
 */

import type { ServerResponse } from 'node:http';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { Box, type BoxTiming } from '../../engine/box.ts';
import { type EngineProfile, engineProfile } from '../../engine/profile.ts';
import { encodeNdjson } from '../../protocol/ndjson.ts';
import { type OllamaChatChunk, ollamaMessage, type OllamaTimings } from '../../protocol/ollama.ts';
import { type IdSource, seededIds } from '../../random/id.ts';
import type { BackendSystem, SimulatedSpark } from '../../system/system.ts';
import type { FaultedBox } from '../fault/kind/kind.ts';
import {
  type Conversation,
  historyOf,
  type Prompt,
  promptOf,
  withoutFront,
} from './conversation.ts';
import { answerTo } from './cooperative-model.ts';
import { GenerationNote } from './generation-note.ts';
import { endWithJson, httpService, takeReply } from './http-service.ts';
import { generateChunk, OllamaAnswer } from './ollama-answer.ts';
import {
  chatAsk,
  generateAsk,
  modelNamed,
  type OllamaAsk,
  type OllamaRefusal,
} from './ollama-ask.ts';
import { loadedOf, shownOf, tagOf } from './ollama-catalogue.ts';
import { Pacer } from './pacer.ts';
import type { SimulatedServer, SimulationContext } from './simulated-server.ts';

/** What a Spark's memory allows where nobody says otherwise. */
const contextTokensDefault = 262_144;
const version = '0.33.0';

/** Builds the server; it listens when its owner says so. */
export const simulatedOllama = (
  backend: BackendSystem,
  simulate: SimulatedSpark,
  context: SimulationContext,
): SimulatedServer => {
  const ollama = new SimulatedOllama(backend, simulate, context);
  return { app: ollama.app, load: () => ollama.load(), box: ollama };
};

type Ask = OllamaAsk<EngineProfile>;

/** How the two ways to ask word one line of the answer. */
type Wording = (chunk: OllamaChatChunk) => unknown;

class SimulatedOllama implements FaultedBox {
  readonly app: FastifyInstance = httpService((_, error) => ({ error }));
  readonly #backend: BackendSystem;
  readonly #context: SimulationContext;
  readonly #profiles: readonly EngineProfile[];
  readonly #box: Box;
  readonly #pacer: Pacer;
  readonly #ids: IdSource;
  /** The window each model was last loaded with, where a request named one. */
  readonly #windows = new Map<string, number>();
  #jobCount = 0;
  /** Answers under way: each is ended with an error, or without a word. */
  readonly #open = new Map<string, (error?: string) => void>();
  /** Since it ran out of memory, and for how long it fails before it hangs. */
  #wedged: { readonly at: number; readonly failingMs: number } | undefined;

  constructor(backend: BackendSystem, simulate: SimulatedSpark, context: SimulationContext) {
    this.#backend = backend;
    this.#context = context;
    this.#profiles = simulate.profiles.map(profileNamed);
    this.#box = new Box({ ...simulate, profiles: this.#profiles });
    this.#pacer = new Pacer(this.#box, context.clock);
    this.#ids = seededIds(context.random.fork('ids'));
    if (simulate.isWarm)
      for (const { tag } of this.#profiles) this.#box.warm(tag, context.clock.now());
    this.#route();
    this.#pacer.look();
  }

  load(): { readonly running: number; readonly queued: number } {
    return { running: this.#box.runningCount, queued: this.#box.queuedCount };
  }

  throttle(slowdown: number): void {
    this.#box.throttle(slowdown, this.#context.clock.now());
    this.#pacer.look();
  }

  evict(): void {
    const now = this.#context.clock.now();
    for (const { tag } of this.#profiles) this.#box.unload(tag, now);
    this.#pacer.look();
  }

  delayLoads(ms: number): void {
    this.#box.delayLoads(ms, this.#context.clock.now());
  }

  wedge(failingMs: number): void {
    for (const end of this.#open.values()) end(ollamaMessage.outOfMemory);
    this.restart();
    this.#wedged = { at: this.#context.clock.now(), failingMs };
  }

  restart(): void {
    this.#wedged = undefined;
    for (const end of this.#open.values()) end();
    this.#open.clear();
    this.#box.restart(this.#context.clock.now());
    this.#pacer.look();
  }

  #route(): void {
    const { app } = this;
    const modifiedAt = this.#wallOf(this.#context.clock.now());
    app.get('/', (_, reply) => reply.type('text/plain; charset=utf-8').send(ollamaMessage.alive));
    app.get('/api/version', () => ({ version }));
    app.get('/api/tags', () => ({ models: this.#profiles.map((it) => tagOf(it, modifiedAt)) }));
    app.get('/api/ps', () => ({ models: this.#loaded() }));
    app.post<{ Body: { model?: unknown; name?: unknown } | undefined }>(
      '/api/show',
      (request, reply) => {
        const given = request.body?.model ?? request.body?.name;
        const name = typeof given === 'string' ? given : '';
        const profile = modelNamed(this.#profiles, name);
        if (profile) return reply.send(shownOf(profile, modifiedAt));
        return reply.code(404).send({ error: `model '${name}' not found` });
      },
    );
    app.post('/api/chat', (request, reply) =>
      this.#answer(chatAsk(request.body, this.#profiles), request, reply, (chunk) => chunk),
    );
    app.post('/api/generate', (request, reply) =>
      this.#answer(generateAsk(request.body, this.#profiles), request, reply, generateChunk),
    );
    app.addHook('onClose', () => this.#pacer.close());
  }

  #answer(
    ask: Ask | OllamaRefusal,
    request: FastifyRequest,
    reply: FastifyReply,
    wording: Wording,
  ): FastifyReply {
    const isLoad = ask.kind === 'ask' && ask.conversation.messages.length === 0;
    if (isLoad && !this.#wedged) return this.#load(ask, reply, wording);

    const { clock, emit } = this.#context;
    const { traceparent } = request.headers;
    const note = new GenerationNote(
      this.#backend,
      clock,
      emit,
      typeof traceparent === 'string' ? traceparent : undefined,
    );
    const refuse = (status: number, error: string): FastifyReply => {
      note.finish('rejected');
      return reply.code(status).send({ error });
    };
    if (ask.kind === 'refusal') return refuse(ask.status, ask.message);
    if (this.#wedged && clock.now() < this.#wedged.at + this.#wedged.failingMs)
      return refuse(500, ollamaMessage.outOfMemory);
    if (this.#wedged) {
      this.#hang(reply, note);
      return reply;
    }

    const window = ask.numCtx ?? Math.min(ask.model.contextTokensMax, contextTokensDefault);
    const whole = promptOf(ask.conversation);
    note.add({ model: ask.model.tag, promptTokens: whole.promptTokens });
    if (whole.promptTokens > window && !ask.isTruncating)
      return refuse(400, ollamaMessage.inputTooLong);
    const conversation =
      whole.promptTokens > window ? withoutFront(ask.conversation, window) : ask.conversation;
    const isBusy = !this.#serve(ask, conversation, window, note, reply, wording);
    return isBusy ? refuse(503, ollamaMessage.busy) : reply;
  }

  /** Offers the job and writes its tokens as they leave; false if too many await the loader. */
  #serve(
    ask: Ask,
    conversation: Conversation,
    window: number,
    note: GenerationNote,
    reply: FastifyReply,
    wording: Wording,
  ): boolean {
    const { clock } = this.#context;
    const { tag } = ask.model;
    const prompt = cutTo(promptOf(conversation), window);
    const history = historyOf(conversation.messages);
    note.add({ promptTokens: prompt.promptTokens, ...(history !== undefined && { history }) });
    const answer = answerTo({
      ...ask,
      messages: conversation.messages,
      toolChoice: 'auto',
      isParallelToolCalls: true,
      letter: this.#backend.residency === 'local' ? 'p' : 'a',
      continues: 'well',
    });
    // Even an answer with nothing to say costs a token.
    const outputTokens = Math.max(1, answer.pieces.length);
    const id = `job ${++this.#jobCount}`;
    this.#reloadFor(tag, window);
    const offered = this.#box.offer(
      tag,
      { id, ...prompt, outputTokens },
      clock.now(),
      ask.keepAliveMs,
    );
    if (offered !== 'accepted') return false;

    const leave = (): void => {
      this.#open.delete(id);
      this.#box.cancel(id, clock.now());
      note.add(this.#truthOf(id));
      note.finish('cancelled');
      this.#pacer.forget(id);
    };
    const raw = takeReply(reply, leave);
    if (raw.destroyed) return true;
    this.#open.set(id, (error) => {
      leave();
      breakOff(raw, error);
    });
    const lines = new OllamaAnswer(tag, answer, () => `call_${this.#ids().slice(0, 8)}`);
    this.#pacer.follow(id, outputTokens, (sentTokens) => {
      note.sent(Math.min(sentTokens, answer.pieces.length));
      const at = this.#wallOf(clock.now());
      const chunks = lines.until(sentTokens, at);
      const isLast = sentTokens >= outputTokens;
      const timings = isLast ? this.#timingsOf(id, prompt, note.receivedAt) : {};
      if (isLast) {
        this.#open.delete(id);
        note.add(this.#truthOf(id));
        note.finish(answer.reason === 'length' ? 'length' : 'completed');
      }
      if (!ask.isStream) {
        if (isLast) endWithJson(raw, 200, {}, wording(lines.whole(at, timings)));
        return;
      }
      if (isLast) chunks.push(lines.last(at, timings));
      if (!raw.headersSent) raw.writeHead(200, { 'content-type': 'application/x-ndjson' });
      if (chunks.length > 0) raw.write(chunks.map((it) => encodeNdjson(wording(it))).join(''));
      if (isLast) raw.end();
    });
    return true;
  }

  /** Takes a request, and answers nothing. */
  #hang(reply: FastifyReply, note: GenerationNote): void {
    const id = `job ${++this.#jobCount}`;
    const raw = takeReply(reply, () => {
      this.#open.delete(id);
      note.finish('cancelled');
    });
    this.#open.set(id, () => breakOff(raw, undefined));
  }

  /** A request without a prompt: loads the model, or with a keep-alive of 0 unloads it. */
  #load(ask: Ask, reply: FastifyReply, wording: Wording): FastifyReply {
    const { clock } = this.#context;
    const { tag } = ask.model;
    const end = (done_reason: 'load' | 'unload'): unknown =>
      wording({
        model: tag,
        created_at: this.#wallOf(clock.now()),
        message: { role: 'assistant', content: '' },
        done: true,
        done_reason,
      });
    if (ask.keepAliveMs === 0) {
      this.#box.unload(tag, clock.now());
      this.#pacer.look();
      return reply.send(end('unload'));
    }
    const id = `job ${++this.#jobCount}`;
    const job = { id, promptTokens: 0, prefixes: [], outputTokens: 0 };
    if (ask.numCtx !== undefined) this.#reloadFor(tag, ask.numCtx);
    const offered = this.#box.offer(tag, job, clock.now(), ask.keepAliveMs);
    if (offered !== 'accepted') return reply.code(503).send({ error: ollamaMessage.busy });
    const raw = takeReply(reply, () => {
      this.#box.cancel(id, clock.now());
      this.#pacer.forget(id);
    });
    if (raw.destroyed) return reply;
    this.#pacer.follow(id, 0, () => endWithJson(raw, 200, {}, end('load')));
    return reply;
  }

  /**
   * A model in memory with another window is loaded again, as in Ollama. Jobs that still run keep
   * it, and the one that asked rides with them; after them it goes.
   */
  #reloadFor(tag: string, window: number): void {
    const known = this.#windows.get(tag);
    this.#windows.set(tag, window);
    if (known !== undefined && known !== window) this.#box.unload(tag, this.#context.clock.now());
  }

  #loaded(): unknown[] {
    return this.#box.loaded(this.#context.clock.now()).flatMap((model) => {
      const profile = modelNamed(this.#profiles, model.model);
      const contextLength = this.#windows.get(model.model) ?? model.contextLength;
      return profile
        ? [loadedOf(profile, { ...model, contextLength }, (at) => this.#wallOf(at))]
        : [];
    });
  }

  /** What the box knows of a job, for the log. */
  #truthOf(id: string): { cachedTokens: number; startedAt?: number } {
    const timing = this.#box.timing(id);
    const startedAt = timing && startOf(timing);
    return {
      cachedTokens: timing?.cachedTokens ?? 0,
      ...(startedAt !== undefined && { startedAt }),
    };
  }

  #timingsOf(id: string, { promptTokens }: Prompt, receivedAt: number): OllamaTimings {
    const timing = this.#box.timing(id);
    return {
      ...nanoseconds('total_duration', this.#context.clock.now() - receivedAt),
      ...nanoseconds('load_duration', timing?.loadMs),
      prompt_eval_count: promptTokens,
      ...nanoseconds('prompt_eval_duration', timing?.prefillMs),
      eval_count: timing?.outputTokens ?? 0,
      ...nanoseconds('eval_duration', timing?.decodeMs),
    };
  }

  #wallOf(instant: number): string {
    const { clock } = this.#context;
    return new Date(clock.wall() + instant - clock.now()).toISOString();
  }
}

/** Ends an answer with an error as Ollama tells it there, or without a word. */
const breakOff = (raw: ServerResponse, error: string | undefined): void => {
  if (error === undefined) raw.destroy();
  else if (raw.headersSent) raw.end(encodeNdjson({ error }));
  else endWithJson(raw, 500, {}, { error });
};

const profileNamed = (name: string): EngineProfile => {
  const profile = engineProfile(name);
  if (!profile) throw new Error(`no engine profile is called '${name}'`);
  return profile;
};

const startOf = ({ offeredAt, loadMs, queueMs }: BoxTiming): number | undefined =>
  loadMs !== undefined && queueMs !== undefined ? offeredAt + loadMs + queueMs : undefined;

/** What is left of a prompt that even without its front is too long: its beginning goes too. */
const cutTo = (prompt: Prompt, tokensMax: number): Prompt =>
  prompt.promptTokens <= tokensMax ? prompt : { promptTokens: tokensMax, prefixes: [] };

/** A duration in Ollama's unit; one of zero is left out, as Go's `omitempty` does. */
const nanoseconds = (
  field: 'total_duration' | 'load_duration' | 'prompt_eval_duration' | 'eval_duration',
  ms: number | undefined,
): OllamaTimings => {
  const whole = Math.round((ms ?? 0) * 1e6);
  return whole > 0 ? { [field]: whole } : {};
};
