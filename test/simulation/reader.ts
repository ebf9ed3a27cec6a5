/**
 * One turn, put to the proxy without a wire. The recorder sees the frames as a client would; the
 * manner says what kind of client: one that reads slowly, leaves early, or wants JSON at the end.
 */

import { ExchangeRecorder, type TurnRecord } from '../../src/client/exchange-recorder.ts';
import type { ReaderMove } from '../../src/client/turn.ts';
import type { PlannedQuestion } from '../../src/client/session-player.ts';
import { serverError } from '../../src/target/proxy/api-error.ts';
import { refuse } from '../../src/target/proxy/delivery.ts';
import { TooLateError } from './background-reader.ts';
import type { Caller, Reply } from '../../src/target/proxy/proxy.ts';
import { parseRequest } from '../../src/target/proxy/request.ts';
import type { Proxy } from '../../src/target/proxy/respond.ts';
import type { VirtualClock } from '../../src/time/virtual-clock.ts';

export interface Manner {
  readonly isStream: boolean;
  /** The request itself demands that nothing leaves the house. */
  readonly isLocalOnly: boolean;
  /** Closes the connection that long after asking. */
  readonly leavesAfterMs?: number;
  /** Stops reading after so many frames, for so long. */
  readonly pauses?: { readonly afterFrames: number; readonly ms: number };
  /** Does not wait for the answer, and fetches it: leaving, it comes back, or has it cancelled. */
  readonly background?: 'comes-back' | 'cancels';
  /** Has the conversation so far put in short before it asks. */
  readonly isCompacting?: boolean;
  readonly pin?: string;
  readonly forbid?: string;
  /** Goes on from the answer before the last. */
  readonly isBranching?: boolean;
  /** Asks the same at the same time once more, and is to be answered twice. */
  readonly isDoubled?: boolean;
  /** The oldest turns may be left out, where nobody has room for all. */
  readonly isTruncating?: boolean;
  /** Somebody else asks in the same conversation, that long after. */
  readonly knocksAfterMs?: number;
  readonly onSocket?: SocketOddity;
}

export const socketOddities = [
  'garbage', // sends first what is no request
  'prepares', // has the state made before it asks
  'does-not-wait', // asks for something else before it is answered
] as const;

export type SocketOddity = (typeof socketOddities)[number];

export const plainManner: Manner = { isStream: true, isLocalOnly: false };

export interface Asked {
  readonly record: TurnRecord;
  /** All that was written to the client. */
  readonly written: string;
}

/** The body of a request. */
export type Body = Readonly<Record<string, unknown>>;

/** How a request gets to the proxy. */
export type Send = (body: Body, caller: Caller, reply: Reply) => Promise<void>;

export interface Asking {
  readonly question: PlannedQuestion;
  readonly caller: Caller;
  readonly manner: Manner;
  /** As one of the Responses API, to be answered on a connection of its own, where absent. */
  readonly send?: Send;
  /** Told how many tokens were read, it says what the reader does then. */
  readonly onTokens?: (tokens: number) => ReaderMove | undefined;
  /** Told of each frame before the client reads it. */
  readonly onFrame?: (frame: string) => void;
}

/** Longer than an answer may take, jumps of the clock included: who has none by then gets none. */
const patienceMs = 4_000_000;

export const ask = async (asking: Asking, proxy: Proxy, clock: VirtualClock): Promise<Asked> => {
  const { manner, caller } = asking;
  const recorder = new ExchangeRecorder(caller.trace);
  const leave = new AbortController();
  const sentAt = clock.now();
  recorder.sent(sentAt);
  let written = '';
  let frames = 0;
  let pauseMs = 0;
  const reply: Reply = {
    gone: leave.signal,
    head: (status, headers) => recorder.headers(clock.now(), status, headers),
    write: (chunk) => {
      written += chunk;
      frames++;
      asking.onFrame?.(chunk);
      recorder.bytes(Buffer.from(chunk), clock.now());
      const move = recorder.isOver ? undefined : asking.onTokens?.(recorder.tokens);
      if (move?.kind === 'leave') {
        recorder.cancelled(clock.now());
        leave.abort();
      }
      pauseMs = move?.kind === 'pause' ? move.ms : (manner.pauses?.ms ?? 0);
      return move?.kind !== 'pause' && frames !== manner.pauses?.afterFrames;
    },
    drained: () => clock.sleep(pauseMs),
    end: () => recorder.ended(clock.now()),
  };
  const timers = [
    clock.at(sentAt + patienceMs, () => {
      recorder.hung(clock.now());
      leave.abort();
    }),
  ];
  if (manner.leavesAfterMs !== undefined && manner.background === undefined)
    timers.push(
      clock.at(sentAt + manner.leavesAfterMs, () => {
        if (recorder.isOver) return;
        recorder.cancelled(clock.now());
        leave.abort();
      }),
    );
  const send: Send = asking.send ?? ((body, who, to) => proxy.respond(parseRequest(body), who, to));
  await send(bodyOf(asking), caller, reply).catch((error: unknown) => {
    if (error instanceof TooLateError) recorder.cancelled(clock.now());
    else tellFault(error, reply);
  });
  for (const timer of timers) timer[Symbol.dispose]();
  return { record: recorder.record(), written };
};

/** Whether the state could not be read or written, which is nobody's fault here. */
export const isOfStore = (error: unknown): boolean =>
  error instanceof Error && error.message === storeTrouble;

/** What a store says that fails. */
export const storeTrouble = 'the disk is full';

/** As a transport does with our own fault: a status while there is none, else the connection. */
const tellFault = (error: unknown, reply: Reply): void => {
  if (!isOfStore(error)) throw error;
  refuse(reply, serverError('The proxy failed to answer.'), {});
};

const bodyOf = ({ question, manner }: Asking): Body => ({
  model: question.model,
  input: question.input,
  stream: manner.isStream,
  instructions: question.instructions,
  previous_response_id: question.previousResponseId,
  tools: question.tools,
  text: question.format && { format: question.format },
  max_output_tokens: question.maxOutputTokens,
  ...(manner.isTruncating === true && { truncation: 'auto' }),
  metadata: manner.isLocalOnly
    ? { ...question.metadata, residency: 'local-only' }
    : question.metadata,
});
