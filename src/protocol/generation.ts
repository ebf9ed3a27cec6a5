/**
 * What any model server says while it answers, whatever its wire: the common tongue between the
 * upstream adapters and the proxy's own event assembly.
 *
 * A stream of generation events ends with exactly one `end` or `failure`. A stream that stops
 * without either has been cut, and the adapter says so with a `failure` of reason `truncated`.
 */

import type { Logprob } from './responses.ts';

/** Why a stream ended although nothing went wrong. */
export type EndReason = 'stop' | 'length' | 'content-filter' | 'tool-calls';

/** Tokens as the server counted them. Absent where the server did not say. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of `inputTokens` that a prompt cache served. */
  readonly cachedInputTokens?: number;
  /** Part of `outputTokens` spent on reasoning. */
  readonly reasoningTokens?: number;
}

/**
 * How an attempt went wrong.
 *
 * Hard evidence says the backend is not there (`refused`, `unreachable`, `tls`, …). Soft evidence
 * says this attempt failed and the next may not.
 */
export type FailureReason =
  | 'refused' // nothing listens
  | 'unreachable' // DNS, no route, or no answer within the connect deadline
  | 'tls'
  | 'reset' // RST
  | 'closed' // FIN before the stream was whole
  | 'truncated' // a clean end without a terminal event
  | 'first-token-deadline'
  | 'stall-deadline'
  | 'status' // an HTTP status of 400 or above
  | 'rate-limited' // 429, or its in-band form
  | 'overloaded' // 503 of a server that is full
  | 'garbled' // not what the wire promises
  | 'in-band' // an error inside a 200
  | 'prompt-cut' // the server counted far fewer prompt tokens than we sent
  | 'bad-seam'; // a continuing fallback started over, repeated itself, or refused

export interface Failure {
  readonly reason: FailureReason;
  readonly evidence: 'hard' | 'soft';
  /** For people and logs; never contains a prompt or a secret. */
  readonly message: string;
  readonly status?: number;
  /** How long the server asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The request itself is at fault (400, 413, 422): another backend would refuse it as well. */
  readonly isRequestFault?: boolean;
  /** Our own machine ran out of something; the backend has no part in it. */
  readonly isOurs?: boolean;
  /** Whether people must mend it, as a certificate; by the status where absent. */
  readonly isLasting?: boolean;
  /** The backend answered another question while this attempt was silent. */
  readonly isHostAlive?: boolean;
  /** The error body of a request fault, passed on to the client: OpenAI's `code` and `param`. */
  readonly code?: string;
  readonly param?: string;
}

export type GenerationEvent =
  | {
      readonly kind: 'text';
      readonly text: string;
      /** Of its tokens, where they were asked for and the server tells them. */
      readonly logprobs?: readonly Logprob[];
    }
  | { readonly kind: 'reasoning'; readonly text: string }
  | { readonly kind: 'refusal'; readonly text: string }
  /** Starts a tool call; `index` tells parallel calls apart. */
  | {
      readonly kind: 'tool-call';
      readonly index: number;
      readonly name: string;
      readonly callId?: string;
    }
  /** More of the JSON text of the arguments of the call at `index`. */
  | { readonly kind: 'tool-arguments'; readonly index: number; readonly text: string }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'end'; readonly reason: EndReason }
  | { readonly kind: 'failure'; readonly failure: Failure };

/** Whether the event carries something a reader would see or a program would use. */
export const isSemantic = (event: GenerationEvent): boolean => {
  switch (event.kind) {
    case 'text':
    case 'reasoning':
    case 'refusal':
    case 'tool-arguments':
      return event.text !== '';
    case 'tool-call':
      return true;
    case 'usage':
    case 'end':
    case 'failure':
      return false;
  }
};
