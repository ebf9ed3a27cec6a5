/**
 * Questions and answers over a channel that only carries messages, such as that between threads.
 *
 *     ask ──{ ask, 7 }──▶ answer it ──{ answer, 7 } or { refusal, 7 }──▶ settled
 *
 * Either side asks, each under its own numbers. What cannot be answered any more is rejected when
 * the channel closes, so nobody waits for ever.
 */

import { asError, type PlainError, plainError } from './plain-error.ts';

/** Answers what is asked under a name. */
export type Answer = (message: string, value: unknown) => Promise<unknown>;

export type Letter =
  | { readonly kind: 'ask'; readonly id: number; readonly message: string; readonly value: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: PlainError };

export class Correspondence {
  readonly #post: (letter: Letter) => void;
  readonly #answer: Answer;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;
  #closed: Error | undefined;

  constructor(post: (letter: Letter) => void, answer: Answer) {
    this.#post = post;
    this.#answer = answer;
  }

  /** Rejects when the other side refuses, or has gone. */
  async ask(message: string, value: unknown): Promise<unknown> {
    if (this.#closed) throw this.#closed;
    const id = ++this.#asked;
    const asked = Promise.withResolvers<unknown>();
    this.#open.set(id, asked);
    this.#post({ kind: 'ask', id, message, value });
    return asked.promise;
  }

  /** Takes a letter of the other side. */
  take(letter: Letter): void {
    if (letter.kind === 'ask') {
      void this.#reply(letter.id, letter.message, letter.value);
      return;
    }
    const asked = this.#open.get(letter.id);
    this.#open.delete(letter.id);
    if (letter.kind === 'answer') asked?.resolve(letter.value);
    else asked?.reject(asError(letter.error));
  }

  /** Nobody answers any more. */
  close(why: Error): void {
    this.#closed = why;
    for (const asked of this.#open.values()) asked.reject(why);
    this.#open.clear();
  }

  async #reply(id: number, message: string, value: unknown): Promise<void> {
    try {
      this.#post({ kind: 'answer', id, value: await this.#answer(message, value) });
    } catch (error) {
      this.#post({ kind: 'refusal', id, error: plainError(error) });
    }
  }
}
