/**
 * From one attempt to the client: what is shown, what is held back, and what cannot be shown.
 *
 *     attempt ──events──▶ seam (if it continues) ──▶ assembler ──▶ delivery
 *                           └── bad seam ──▶ failure
 *
 * What came in one chunk goes out together: one step, however many tokens.
 */

import type { EndReason, Failure, GenerationEvent } from '../../protocol/generation.ts';
import type { Logprob, ResponseEvent } from '../../protocol/responses.ts';
import type { System } from '../../system/system.ts';
import type { Assembler } from './assembler.ts';
import type { AttemptRun } from './attempt.ts';
import type { Delivery } from './delivery.ts';
import type { Seam, SeamVerdict } from './seam.ts';
import type { ToolGate } from './tool-gate.ts';
import { badSeam, garbledAnswer } from './verdict.ts';

export interface RelayParts {
  readonly run: AttemptRun;
  readonly assembler: Assembler;
  readonly delivery: Delivery;
  /** Set when the attempt goes on with a text the client is reading. */
  readonly seam: Seam | undefined;
  /** Holds back what the client did not allow. */
  readonly gate: ToolGate;
  readonly commitOn: System['commitOn'];
}

/** How an attempt ended, as far as the client is concerned. */
export type RelayEnd =
  | { readonly kind: 'served'; readonly reason: EndReason }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'gone' };

/**
 * A model that has lost its way, or a server that wants our memory, goes on for ever. No model in
 * the field writes a tenth of it.
 */
export const answerCharsMax = 8 * 2 ** 20;
const callsMax = 1024;

export class Relay {
  readonly #parts: RelayParts;
  #chars = 0;
  #calls = 0;
  /** Pieces with content that the client has not seen yet. */
  #heldTokens = 0;
  /** How many of them the events below tell of, or events that are held. */
  #madeTokens = 0;
  /** What the events of one chunk have made so far. */
  #made: ResponseEvent[] = [];
  #mayHold = true;

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  /** Relays until the attempt ends, fails, or nobody reads any more. */
  async run(): Promise<RelayEnd> {
    const { run, delivery } = this.#parts;
    for (;;) {
      const events = await run.next();
      if (!events) return { kind: 'gone' };
      const end = this.#takeAll(events);
      const sent = this.#send();
      if (sent) await sent;
      if (delivery.isCommitted) this.#count(this.#madeTokens);
      if (end?.kind === 'failed') return end;
      if (delivery.isLost) return { kind: 'gone' };
      if (!end) continue;
      this.#count(this.#heldTokens);
      return end;
    }
  }

  /** Takes what came together, up to the end or to what cannot be shown. */
  #takeAll(events: readonly GenerationEvent[]): RelayEnd | undefined {
    for (const event of events) {
      if (event.kind === 'failure') return { kind: 'failed', failure: event.failure };
      const excess = this.#excess(event);
      if (excess) return { kind: 'failed', failure: excess };
      if (!this.#parts.gate.admits(event)) continue;
      const failure = this.#take(event);
      if (failure) return { kind: 'failed', failure };
      if (event.kind === 'end') return { kind: 'served', reason: event.reason };
    }
    return undefined;
  }

  /** Why the answer is too long to be one, if it is. */
  #excess(event: GenerationEvent): Failure | undefined {
    if ('text' in event) this.#chars += event.text.length;
    if (event.kind === 'text' && event.logprobs) this.#chars += logprobsChars(event.logprobs);
    if (event.kind === 'tool-call') this.#calls++;
    if (this.#chars > answerCharsMax)
      return garbledAnswer(`the answer has more than ${answerCharsMax} characters`);
    return this.#calls > callsMax
      ? garbledAnswer(`the answer calls more than ${callsMax} tools`)
      : undefined;
  }

  /** Shows one event, or says why it cannot be shown. */
  #take(event: Exclude<GenerationEvent, { readonly kind: 'failure' }>): Failure | undefined {
    const { seam } = this.#parts;
    switch (event.kind) {
      case 'text':
        if (event.text === '') return undefined;
        this.#heldTokens++;
        return seam ? this.#takeSeam(seam.push(event.text)) : this.#show(event);
      case 'reasoning':
        // While a message goes on there is no place for the second model's thoughts.
        if (seam || event.text === '') return undefined;
        this.#heldTokens++;
        return this.#show(event);
      case 'refusal':
        if (seam) return badSeam('refuses');
        this.#heldTokens++;
        return this.#show(event);
      case 'tool-call':
      case 'tool-arguments':
        return this.#takeCall(event);
      case 'usage':
        return undefined;
      case 'end':
        return seam
          ? this.#takeSeam(isCut(event.reason) ? seam.end() : seam.conclude())
          : this.#emptiness(event.reason);
    }
  }

  #takeCall(
    event: Extract<GenerationEvent, { readonly kind: 'tool-call' | 'tool-arguments' }>,
  ): Failure | undefined {
    const { seam, assembler } = this.#parts;
    if (assembler.hasCall(event.index) === (event.kind === 'tool-call'))
      return garbledAnswer(`call ${event.index} was not told in order`);
    const failure = seam && this.#takeSeam(seam.end());
    if (failure) return failure;
    this.#heldTokens++;
    return this.#show(event);
  }

  #takeSeam(verdict: SeamVerdict): Failure | undefined {
    switch (verdict.kind) {
      case 'hold':
        return undefined;
      case 'pass':
        return this.#show({ kind: 'text', text: verdict.text });
      case 'fail':
        return badSeam(verdict.fault);
    }
  }

  #show(event: GenerationEvent): undefined {
    const made = this.#parts.assembler.accept(event);
    this.#made.push(...made);
    if (this.#commits(event)) this.#mayHold = false;
    this.#madeTokens = this.#heldTokens;
  }

  #count(tokens: number): void {
    this.#parts.run.tokensForwarded += tokens;
    this.#heldTokens -= tokens;
    this.#madeTokens = 0;
  }

  /** To the client at once, whatever has been made; nothing to wait for when there is nothing. */
  #send(): Promise<void> | undefined {
    const made = this.#made;
    if (made.length === 0 && this.#mayHold) return undefined;
    this.#made = [];
    const mayHold = this.#mayHold;
    this.#mayHold = true;
    return this.#parts.delivery.send(made, mayHold);
  }

  #commits(event: GenerationEvent): boolean {
    switch (event.kind) {
      case 'text':
      case 'refusal':
      case 'tool-arguments':
        return event.text !== '';
      case 'reasoning':
        return this.#parts.commitOn === 'reasoning';
      case 'tool-call':
      case 'usage':
      case 'end':
      case 'failure':
        return false;
    }
  }

  /** An answer without an answer in it is a failure, unless a limit cut it short. */
  #emptiness(reason: EndReason): Failure | undefined {
    return isCut(reason) || this.#parts.assembler.hasAnswer
      ? undefined
      : garbledAnswer('the answer was empty');
  }
}

/** What log probabilities weigh beside the text: each is told four times. */
const logprobsChars = (logprobs: readonly Logprob[]): number =>
  logprobs.reduce((sum, { top_logprobs }) => sum + 8 * (1 + top_logprobs.length), 0);

const isCut = (reason: EndReason): boolean => reason === 'length' || reason === 'content-filter';
