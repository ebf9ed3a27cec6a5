/**
 * What every way of going wrong says of itself, in a file of its own beside this one.
 *
 * A kind knows its words in the scenario file, the moments it can act at, and what it does: to the
 * bytes of a connection, and to the events of an answer in virtual time.
 */

import type { Failure, GenerationEvent } from '../../../protocol/generation.ts';
import type { CertificateFlaw } from '../certificate.ts';
import type { FaultMoment, FaultWords } from '../fault.ts';
import type { Dialect, Frame } from '../frame.ts';

/** A word as the scenario file spells it. */
export type FaultKey =
  | 'delay'
  | 'jitter'
  | 'stall'
  | 'hold'
  | 'ramp'
  | 'tokensPerSecond'
  | 'bytesPerSecond'
  | 'segmentBytes'
  | 'slowdown'
  | 'status'
  | 'headers'
  | 'body'
  | 'preset'
  | 'form'
  | 'location'
  | 'command'
  | 'heal';

/** An HTTP answer that is ours. */
export interface OwnAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** So many bytes of the body are promised and do not come. */
  readonly missingBytes?: number;
}

/** What stands in a frame's place; undefined leaves it as it is. */
export type FrameRewriter = (frame: Frame) => readonly Buffer[] | undefined;

/** The way to the client, as a fault takes hold of it. */
export interface FaultedConnection {
  readonly dialect: Dialect;
  /** Whether the head of the answer has been passed on. */
  readonly isBegun: boolean;
  /** The frame of the last token that was passed on. */
  readonly lastToken: string;
  /** Sends an RST. */
  reset(): void;
  /** Sends a FIN, after these bytes if any. */
  finish(bytes?: Buffer): void;
  /** Answers in the backend's place, and closes. */
  answer(answer: OwnAnswer): void;
  /** Passes nothing on any more and keeps the connection open. */
  fallSilent(): void;
  /** Passes nothing on for a time. */
  holdFor(ms: number): void;
  /** Passes nothing on until the window it acts in is over. */
  holdUntilOver(): void;
  /** Keeps back what ends the answer on the wire, once all of its events have passed. */
  holdEndFor(ms: number): void;
  paceTo(rate: { readonly tokensPerSecond?: number; readonly bytesPerSecond?: number }): void;
  /** Passes bytes on in segments of at most so many, with a pause between two. */
  segment(bytes: number, pauseMs: number): void;
  /** Keeps bytes together for so long, and passes them on in one piece. */
  gatherFor(ms: number): void;
  /** Says frames of our own; the answer begins with a 200 and these headers if it has not. */
  say(frames: string, headers?: Readonly<Record<string, string>>): void;
  /** Says these frames again and again, and nothing else any more. */
  keepSaying(frames: string, everyMs: number): void;
  /** Sends these bytes in place of an answer, then others again and again, and nothing else. */
  drip(first: string, more: string, everyMs: number): void;
  /** Lets the rest of the request pass at this rate. */
  paceRequestTo(bytesPerSecond: number): void;
  /** Answers the TLS handshake in the server's place, with a certificate that is bad. */
  showCertificate(flaw: CertificateFlaw): void;
  /** Sends these bytes where the size of a chunk is expected. */
  breakFraming(bytes: string): void;
  /** Ends the answer as a whole one ends on the wire. */
  endBody(): void;
  /** Rewrites every frame from here on. */
  rewrite(rewriter: FrameRewriter): void;
}

/** The events of an answer, as a fault takes hold of them in virtual time. */
export interface FaultedEvents {
  /** Whether the request had been seen. */
  readonly isConnected: boolean;
  /** The last event with content that was passed on, if any was. */
  readonly lastToken: GenerationEvent | undefined;
  fail(failure: Failure): void;
  /** Says these events, and nothing after them. */
  end(last: readonly GenerationEvent[]): void;
  fallSilent(): void;
  /** Nothing answers the one who connects: it fails once the deadline of connecting has passed. */
  neverConnect(): void;
  holdFor(ms: number): void;
  holdUntilOver(): void;
  paceTo(tokensPerSecond: number): void;
  /** Lets tokens out together, at the end of each such span. */
  gatherFor(ms: number): void;
  /** Rewrites every event from here on. */
  rewrite(rewriter: (event: GenerationEvent) => readonly GenerationEvent[]): void;
}

/** A simulated box, as a fault takes hold of it. */
export interface FaultedBox {
  /** All its work takes so many times as long; 1 is its own speed. */
  throttle(slowdown: number): void;
  /** Its models leave memory, each as its work ends. */
  evict(): void;
  /** Loading a model takes so much longer. */
  delayLoads(ms: number): void;
  /** What it runs fails, and what it is asked for so long; what it is asked then hangs. */
  wedge(failingMs: number): void;
  /** What it runs is lost, its memory is empty, and it works again. */
  restart(): void;
}

export interface FaultKind {
  /** Its name in the scenario file. */
  readonly kind: string;
  /** The moments it can act at; the first is the default. */
  readonly moments: readonly [FaultMoment, ...FaultMoment[]];
  /** Tokens that pass before it acts in the middle of a stream, unless the file says otherwise. */
  readonly afterTokens: number;
  /** One of these words must be given. Empty: none is needed. */
  readonly needs: readonly FaultKey[];
  /** These may be given besides. */
  readonly may: readonly FaultKey[];
  /** What `form` may be; the first is the default. */
  readonly forms?: readonly [string, ...string[]];
  /** What `preset` may be. */
  readonly presets?: readonly string[];
  /** Nothing more of the attempt reaches anybody once it has acted. */
  readonly isFatal: boolean;
  /**
   * What it must see of an attempt. `bytes`: sockets and bytes, so it works under TLS. `http`: heads
   * in plain text. `frames`: the frames of a streamed answer, which is framed anew for it.
   */
  readonly sees: 'bytes' | 'http' | 'frames';
  /**
   * In a plain window nobody gets through to the port: refused, or never answered. `full` is never
   * answered as well, and leaves those alone who are connected. `frozen` lets everybody connect,
   * and nobody be answered.
   */
  readonly outage?: 'refused' | 'unanswered' | 'full' | 'frozen';
  /** At `headers`, it waits until the response head is at hand. */
  readonly waitsForHead?: boolean;
  /** It acts only on a request that comes over a connection used before. */
  readonly isOnReuse?: boolean;
  /** It acts only on a connection that has just been made. */
  readonly isOnFresh?: boolean;
  /** It needs an address that is reached by TLS. */
  readonly isTlsOnly?: boolean;
  /** It counts pieces of tool calls, not tokens of any kind. */
  readonly isInTool?: boolean;
  /** It happens beside the connections: to the machine, not to an attempt. */
  readonly isProcess?: boolean;
  /** Does it to the simulated box behind the wire; gives what mends it when its window closes. */
  onBox?(box: FaultedBox, words: FaultWords): () => void;
  /** What it does, for people: `resets the connection`. */
  describe(words: FaultWords): string;
  /** Does it to a connection. */
  onWire(connection: FaultedConnection, words: FaultWords): void;
  /** Does it to events; does nothing where events cannot tell. */
  onEvents(events: FaultedEvents, words: FaultWords): void;
  /** Does it to the resolving of the backend's name. Nothing else of it is ever asked on a wire. */
  onLookup?(words: FaultWords): NameAnswer;
  /** Does it to the one who asked us. Nothing else of it is ever asked. */
  onReader?(words: FaultWords): ReaderAct;
}

/** What most kinds have in common that answer in the backend's place. */
export const answersInPlace = {
  moments: ['headers'],
  afterTokens: 0,
  needs: [],
  isFatal: true,
  sees: 'http',
} as const satisfies Partial<FaultKind>;

/** What those have in common that take the connection away, at whatever moment. */
export const endsConnection = {
  moments: ['mid-stream', 'connect', 'headers', 'first-token'],
  afterTokens: 1,
  needs: [],
  may: [],
  isFatal: true,
  sees: 'bytes',
} as const satisfies Partial<FaultKind>;

/** What those have in common that let no connection come about that could be used. */
export const keepsFromPort = {
  moments: ['connect'],
  afterTokens: 0,
  needs: [],
  may: [],
  isFatal: true,
  sees: 'bytes',
} as const satisfies Partial<FaultKind>;

/** What becomes of a name: an error of the resolver, no answer at all, or addresses. */
export type NameAnswer =
  | { readonly kind: 'error'; readonly code: string; readonly call: string }
  | { readonly kind: 'silent' }
  /** Addresses in the order they are given; `live` stands for the true one. */
  | { readonly kind: 'addresses'; readonly addresses: readonly ('dead' | 'refused' | 'live')[] };

/** What a reader does in the middle of an answer. */
export type ReaderAct =
  | { readonly kind: 'leave' }
  | { readonly kind: 'pause'; readonly ms: number };
