/**
 * The lines of one answer on Ollama's wire, out of an answer's tokens.
 *
 * Thinking and text come a token a line. A tool call comes whole, on the line of its last token,
 * because Ollama parses it first; one that the output limit cut is never seen.
 */

import type { OllamaChatChunk, OllamaTimings, OllamaToolCall } from '../../protocol/ollama.ts';
import type { Answer } from './cooperative-model.ts';

type Message = OllamaChatChunk['message'];

export class OllamaAnswer {
  readonly #model: string;
  readonly #answer: Answer;
  readonly #mintId: () => string;
  #sentTokens = 0;
  #content = '';
  #thinking = '';
  readonly #calls: OllamaToolCall[] = [];
  #call: { readonly name: string; text: string } | undefined;

  constructor(model: string, answer: Answer, mintId: () => string) {
    this.#model = model;
    this.#answer = answer;
    this.#mintId = mintId;
  }

  /** The lines of the tokens that were not yet told, up to the `tokens`-th. */
  until(tokens: number, createdAt: string): OllamaChatChunk[] {
    const { pieces } = this.#answer;
    const chunks: OllamaChatChunk[] = [];
    const end = Math.min(tokens, pieces.length);
    for (; this.#sentTokens < end; this.#sentTokens++) {
      const message = this.#messageAt(this.#sentTokens);
      if (message) chunks.push({ model: this.#model, created_at: createdAt, message, done: false });
    }
    return chunks;
  }

  /** The last line, which has the timings and no text. */
  last(createdAt: string, timings: OllamaTimings): OllamaChatChunk {
    return this.#final({ role: 'assistant', content: '' }, createdAt, timings);
  }

  /** All of it at once, for a client that does not stream. */
  whole(createdAt: string, timings: OllamaTimings): OllamaChatChunk {
    return this.#final(
      {
        role: 'assistant',
        content: this.#content,
        ...(this.#thinking !== '' && { thinking: this.#thinking }),
        ...(this.#calls.length > 0 && { tool_calls: this.#calls }),
      },
      createdAt,
      timings,
    );
  }

  #final(message: Message, createdAt: string, timings: OllamaTimings): OllamaChatChunk {
    const done_reason = this.#answer.reason === 'length' ? 'length' : 'stop';
    return {
      model: this.#model,
      created_at: createdAt,
      message,
      done: true,
      done_reason,
      ...timings,
    };
  }

  #messageAt(at: number): Message | undefined {
    const piece = this.#answer.pieces[at];
    if (!piece) return undefined;
    switch (piece.kind) {
      case 'thinking':
        this.#thinking += piece.text;
        return { role: 'assistant', content: '', thinking: piece.text };
      case 'text':
        this.#content += piece.text;
        return { role: 'assistant', content: piece.text };
      case 'call':
        this.#call = { name: piece.name, text: '' };
        return undefined;
      case 'arguments': {
        if (!this.#call) return undefined;
        this.#call.text += piece.text;
        if (!this.#endsCall(at)) return undefined;
        const call: OllamaToolCall = {
          id: this.#mintId(),
          function: {
            index: this.#calls.length,
            name: this.#call.name,
            arguments: JSON.parse(this.#call.text),
          },
        };
        this.#calls.push(call);
        return { role: 'assistant', content: '', tool_calls: [call] };
      }
    }
  }

  #endsCall(at: number): boolean {
    const next = this.#answer.pieces[at + 1];
    return next ? next.kind !== 'arguments' : this.#answer.reason !== 'length';
  }
}

/** The same line as `/api/generate` words it. */
export const generateChunk = ({ message, ...chunk }: OllamaChatChunk): unknown => ({
  ...chunk,
  response: message.content,
  ...(message.thinking !== undefined && { thinking: message.thinking }),
});
