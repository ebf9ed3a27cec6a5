/**
 * Makes a response out of what a backend generates: every event of the stream, and the resource.
 *
 * A backend's own Responses events are never passed through, because each server has its dialect
 * and clients are strict. What comes in are generation events, whoever sends them: a second backend
 * can go on inside the message that the first began, and the stream shows no seam.
 *
 *     created ──▶ in_progress ──▶ items … ──▶ completed | incomplete | failed
 */

import assert from 'node:assert/strict';

import type { EndReason, GenerationEvent, Usage } from '../../protocol/generation.ts';
import type { Item, Logprob, ResponseEvent, ResponseResource } from '../../protocol/responses.ts';
import type { IdSource } from '../../random/id.ts';
import type { WireError } from './api-error.ts';
import { CallDraft, type Draft, MessageDraft, ReasoningDraft, draftItem } from './draft.ts';
import { homeIds } from './home-id.ts';
import { toolCalled } from './request-tool.ts';
import {
  type ResponseIdentity,
  type ResponseState,
  begun,
  incompleteReason,
  responseResource,
  wireUsage,
} from './resource.ts';
import { seal } from './sealed.ts';

/** The end of a response: to be stored before its terminal event is asked for and sent. */
export interface Finish {
  /** Events that close what was open, and an error's event; to be sent first. */
  readonly closing: readonly ResponseEvent[];
  readonly resource: ResponseResource;
}

export interface Ending {
  readonly reason: EndReason;
  readonly usage: Usage;
  /** Seconds since 1970. */
  readonly completedAt: number;
  /** Pairs added to the response's metadata. */
  readonly notes: Readonly<Record<string, string>>;
}

/** The events that announce a background response. */
export const announcement = (queued: ResponseResource): readonly ResponseEvent[] => [
  { type: 'response.created', sequence_number: 0, response: queued },
  { type: 'response.queued', sequence_number: 1, response: queued },
];

const announcementEvents = 2;
const none: readonly ResponseEvent[] = [];

export class Assembler {
  readonly #identity: ResponseIdentity;
  readonly #ids: IdSource;
  /** Nobody reads the events of an answer that is not a stream. */
  readonly #isTold: boolean;
  readonly #drafts: Draft[] = [];
  readonly #calls = new Map<number, CallDraft>();
  #events: ResponseEvent[] = [];
  #sequence: number;
  #isFinished = false;
  /** What was told to be cut short by a limit, and stays so. */
  #cut: Draft | undefined;

  constructor(identity: ResponseIdentity, ids: IdSource) {
    this.#identity = identity;
    this.#ids = identity.isLocalOnly ? homeIds(ids) : ids;
    this.#isTold = identity.request.isStream;
    this.#sequence = identity.request.isBackground ? announcementEvents : 0;
  }

  /** The preamble. A background response has been announced before anything of it was begun. */
  start(): readonly ResponseEvent[] {
    const response = responseResource(this.#identity, begun);
    if (!this.#identity.request.isBackground) this.#emit('response.created', { response });
    this.#emit('response.in_progress', { response });
    return this.#taken();
  }

  /** The message's text so far, of all messages together. */
  get text(): string {
    return this.#drafts.map((draft) => (draft.kind === 'message' ? draft.text : '')).join('');
  }

  /** Whether there is anything a client asked for: text, a refusal or a call. */
  get hasAnswer(): boolean {
    return this.#drafts.some(
      (draft) =>
        draft.kind === 'call' ||
        (draft.kind === 'message' && draft.item('completed').content.length > 0),
    );
  }

  /**
   * Whether another backend could go on where this one stopped: in plain text, nothing else open.
   */
  get isContinuable(): boolean {
    const last = this.#drafts.at(-1);
    return (
      this.#calls.size === 0 && last?.kind === 'message' && !last.isRefusal && last.text !== ''
    );
  }

  /** Whether a call has begun whose arguments may follow. */
  hasCall(index: number): boolean {
    return this.#calls.has(index);
  }

  /** The events that one piece of generation makes. */
  accept(event: GenerationEvent): readonly ResponseEvent[] {
    assert.ok(!this.#isFinished, 'a finished response takes no more');
    switch (event.kind) {
      case 'text':
        if (event.text !== '')
          this.#message().append('text', event.text, this.#asked(event.logprobs));
        break;
      case 'refusal':
        if (event.text !== '') this.#message().append('refusal', event.text);
        break;
      case 'reasoning':
        if (event.text !== '') this.#reasoning().append(event.text);
        break;
      case 'tool-call':
        this.#call(event.index, event.name);
        break;
      case 'tool-arguments': {
        const call = this.#calls.get(event.index);
        assert.ok(call, `arguments for call ${event.index}, which has not begun`);
        if (event.text !== '') call.append(event.text);
        break;
      }
      case 'usage':
      case 'end':
      case 'failure':
        break;
    }
    return this.#taken();
  }

  /** Ends it as the backend ended it. An item cut short by a limit is the last, and says so. */
  finish(ending: Ending): Finish {
    const cut = incompleteReason(ending.reason);
    this.#cut = cut ? this.#drafts.at(-1) : undefined;
    const statusOf = (draft: Draft) => (draft === this.#cut ? 'incomplete' : 'completed');
    for (const draft of this.#drafts) draft.close(statusOf(draft));
    const status = cut ? 'incomplete' : 'completed';
    return this.#end({
      status,
      completed_at: cut ? null : ending.completedAt,
      incomplete_details: cut ? { reason: cut } : null,
      output: this.#drafts.map((draft) => draftItem(draft, statusOf(draft))),
      error: null,
      usage: wireUsage(ending.usage),
      notes: ending.notes,
    });
  }

  /**
   * Ends it as failed. The error's event has both the flat form of OpenAI and the nested one of
   * Open Responses. Items still open stay open on the stream: a client must not take them for
   * whole.
   */
  fail(error: WireError, notes: Readonly<Record<string, string>>): Finish {
    const code = error.code ?? 'server_error';
    this.#emit('error', {
      code,
      message: error.message,
      param: error.param,
      error: { ...error, code },
    });
    return this.#end({
      status: 'failed',
      completed_at: null,
      incomplete_details: null,
      output: this.#drafts.map((draft): Item =>
        draftItem(draft, draft.isOpen || draft === this.#cut ? 'incomplete' : 'completed'),
      ),
      error: {
        code: code === 'rate_limit_exceeded' ? code : 'server_error',
        message: error.message,
      },
      usage: null,
      notes,
    });
  }

  /** The last event, once the resource has been stored. */
  terminal({ resource }: Finish): readonly ResponseEvent[] {
    this.#emit(`response.${resource.status}`, { response: resource });
    return this.#taken();
  }

  #end(state: ResponseState): Finish {
    this.#isFinished = true;
    const resource = responseResource(this.#identity, state);
    return { closing: this.#taken(), resource };
  }

  #message(): MessageDraft {
    const last = this.#drafts.at(-1);
    if (last?.kind === 'message' && last.isOpen) return last;
    return this.#open('msg', (place) => new MessageDraft(place));
  }

  #asked(logprobs: readonly Logprob[] | undefined): readonly Logprob[] | undefined {
    return this.#identity.request.areLogprobsAsked ? logprobs : undefined;
  }

  #reasoning(): ReasoningDraft {
    const last = this.#drafts.at(-1);
    if (last?.kind === 'reasoning' && last.isOpen) return last;
    const { request, isLocalOnly } = this.#identity;
    const sealed = (text: string): string => seal('reasoning', { text, isLocalOnly });
    return this.#open(
      'rs',
      (place) => new ReasoningDraft(place, request.isReasoningSealed ? sealed : undefined),
    );
  }

  /** The call's id is ours: a backend's own may repeat from one answer to the next. */
  #call(index: number, name: string): void {
    assert.ok(!this.#calls.has(index), `call ${index} begins twice`);
    const tool = toolCalled(this.#identity.request.offered, name);
    const callId = `call_${this.#ids()}`;
    const prefix = tool.type === 'custom' ? 'ctc' : 'fc';
    this.#calls.set(
      index,
      this.#open(prefix, (place) => new CallDraft(place, callId, tool)),
    );
  }

  /** Opens the next item. All before it are closed, but for calls, which may grow side by side. */
  #open<D extends Draft>(
    prefix: string,
    draftAt: (place: ConstructorParameters<typeof MessageDraft>[0]) => D,
  ): D {
    for (const draft of this.#drafts) if (draft.kind !== 'call') draft.close('completed');
    const outputIndex = this.#drafts.length;
    const draft = draftAt({
      id: `${prefix}_${this.#ids()}`,
      tell: (type, fields) => {
        if (!this.#isTold) return;
        const place = { type, sequence_number: this.#sequence++, output_index: outputIndex };
        this.#events.push(Object.assign(place, fields));
      },
    });
    this.#drafts.push(draft);
    return draft;
  }

  #emit(type: string, fields: Readonly<Record<string, unknown>>): void {
    if (!this.#isTold) return;
    this.#events.push({ type, sequence_number: this.#sequence++, ...fields });
  }

  #taken(): readonly ResponseEvent[] {
    const events = this.#events;
    if (events.length === 0) return none;
    this.#events = [];
    return events;
  }
}
