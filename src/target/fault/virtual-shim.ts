/**
 * The fault shim in virtual time: the same decisions, acting on generation events instead of bytes.
 *
 * It stands where the socket and the upstream adapter stand on the wire, so what breaks comes out
 * as the adapter would have told it: a failure event, or nothing at all until the caller leaves.
 */

import type { FaultAct } from '../../log/entry.ts';
import { type Failure, type GenerationEvent, isSemantic } from '../../protocol/generation.ts';
import type { Random } from '../../random/random.ts';
import type { Clock } from '../../time/clock.ts';
import { type Act, type AttemptFaults, FaultDecision } from './decision.ts';
import type { PlannedFault } from './fault.ts';
import type { FaultedEvents } from './kind/kind.ts';
import { kindOf } from './kind/list.ts';

/** What the shim reads of a call: whose attempt it is. */
export interface FaultableCall {
  readonly trace: string;
  readonly span: string;
}

/** A backend as the proxy's heart sees it. */
export interface Faultable<Call extends FaultableCall, Answer> {
  readonly name: string;
  open(call: Call, signal: AbortSignal): AsyncIterable<readonly GenerationEvent[]>;
  probe(signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

/** What the proxy's adapters make of a connection that is never made. */
const notConnected: Failure = {
  reason: 'unreachable',
  evidence: 'hard',
  message: 'connecting took too long',
};

export interface VirtualShimParts {
  readonly faults: readonly PlannedFault[];
  readonly clock: Clock;
  readonly random: Random;
  /** How long the proxy tries to connect; without it, one that is never made is waited for. */
  readonly connectMs?: number;
  /** Whether a silence before the request is seen is a handshake that hangs. */
  readonly isTls?: boolean;
  /** The run's arm is added by the receiver. */
  readonly emit: (entry: Omit<FaultAct, 'arm'>) => void;
}

/** A backend with faults in front of it, of which more may be armed at any time. */
export interface VirtualShim<Call extends FaultableCall, Answer> extends Faultable<Call, Answer> {
  arm(origin: number): void;
  add(fault: PlannedFault): void;
  remove(fault: PlannedFault): void;
}

/** Puts faults in front of a backend; they count from the instant it is armed with. */
export const virtualShim = <Call extends FaultableCall, Answer>(
  backend: Faultable<Call, Answer>,
  parts: VirtualShimParts,
): VirtualShim<Call, Answer> => {
  const { faults, clock, random } = parts;
  const open = new Set<VirtualAttempt>();
  let origin = Number.POSITIVE_INFINITY;
  let decision = new FaultDecision(faults, random);
  let timer: Disposable | undefined;

  const onTime = (): void => {
    timer?.[Symbol.dispose]();
    for (const attempt of open) attempt.onTime();
    const next = decision.nextWindowAt(clock.now() - origin);
    if (next !== undefined) timer = clock.at(origin + next, onTime);
  };
  const attemptOf = (call: FaultableCall | undefined): VirtualAttempt =>
    new VirtualAttempt(decision.attempt(), call, backend.name, () => origin, parts);

  return {
    name: backend.name,
    arm: (instant) => {
      origin = instant;
      decision = new FaultDecision(faults, random);
      onTime();
    },
    add: (fault) => {
      decision.arm(fault);
      onTime();
    },
    remove: (fault) => decision.disarm(fault),
    async *open(call, signal) {
      const attempt = attemptOf(call);
      open.add(attempt);
      try {
        yield* attempt.relay((inner) => backend.open(call, inner), signal);
      } finally {
        open.delete(attempt);
      }
    },
    probe: async (signal) => {
      await attemptOf(undefined).pass(signal);
      return backend.probe(signal);
    },
    close: async () => {
      timer?.[Symbol.dispose]();
      await backend.close();
    },
  };
};

class VirtualAttempt {
  readonly #faults: AttemptFaults;
  readonly #call: FaultableCall | undefined;
  readonly #backend: string;
  readonly #origin: () => number;
  readonly #parts: VirtualShimParts;
  readonly #ending = new AbortController();
  #isBegun = false;
  /** What is said in place of the rest. */
  #last: readonly GenerationEvent[] = [];
  /** When that is said; at once when past. */
  #lastAt = 0;
  #rewriters: ((event: GenerationEvent) => readonly GenerationEvent[])[] = [];
  #lastToken: GenerationEvent | undefined;
  #heldUntil = 0;
  #lastTokenAt = 0;
  #gather: { readonly from: number; readonly ms: number; outAt: number | undefined } | undefined;
  #pace: { readonly until: number; readonly tokensPerSecond: number } | undefined;

  constructor(
    faults: AttemptFaults,
    call: FaultableCall | undefined,
    backend: string,
    origin: () => number,
    parts: VirtualShimParts,
  ) {
    this.#faults = faults;
    this.#call = call;
    this.#backend = backend;
    this.#origin = origin;
    this.#parts = parts;
  }

  onTime(): void {
    if (this.#isBegun) this.#take(this.#faults.onTime(this.#now()));
  }

  /** Relays the events of the source, for as long as faults allow. */
  async *relay(
    source: (signal: AbortSignal) => AsyncIterable<readonly GenerationEvent[]>,
    signal: AbortSignal,
  ): AsyncGenerator<readonly GenerationEvent[]> {
    this.#begin();
    const leaving = AbortSignal.any([signal, this.#ending.signal]);
    let isHeadForwarded = false;
    if (!leaving.aborted)
      for await (const event of untilAborted(eachOf(source(leaving)), this.#ending.signal)) {
        if (!isHeadForwarded) {
          this.#take(this.#faults.onResponseHead(this.#now()));
          await this.#whenDue(leaving);
          isHeadForwarded = true;
          this.#take(this.#faults.onHeadForwarded(this.#now()));
        }
        const isToken = isSemantic(event);
        if (isToken && this.#faults.tokens === 0)
          this.#take(this.#faults.onFirstToken(this.#now()));
        await this.#whenDue(leaving, isToken);
        if (leaving.aborted) break;
        yield this.#rewritten(event);
        if (!isToken) continue;
        this.#lastToken = event;
        const isInTool = event.kind === 'tool-arguments';
        this.#take(this.#faults.onToken(this.#faults.tokens + 1, this.#now(), isInTool));
      }
    if (!this.#ending.signal.aborted || signal.aborted) return;
    await this.#whenLast(signal);
    if (!signal.aborted) yield this.#last;
  }

  /** A request without a stream: resolves once it may pass, rejects with what went wrong. */
  async pass(signal: AbortSignal): Promise<void> {
    this.#begin();
    this.#take(this.#faults.onResponseHead(this.#now(), false));
    await this.#whenDue(signal);
    if (this.#ending.signal.aborted) await this.#whenLast(signal);
    signal.throwIfAborted();
    const failed = this.#last.find((event) => event.kind === 'failure');
    if (failed) throw new Error(failed.failure.message);
  }

  /** Resolves when the last is to be said, or the caller has left. */
  async #whenLast(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    if (this.#last.length === 0) await aborted(signal);
    if (clock.now() < this.#lastAt)
      await clock.sleep(this.#lastAt - clock.now(), signal).catch(() => undefined);
  }

  #begin(): void {
    this.#isBegun = true;
    this.#take(this.#faults.onConnect(this.#now()));
    if (!this.#ending.signal.aborted)
      this.#take(this.#faults.onRequestHead(this.#call, this.#now(), this.#call !== undefined));
  }

  #rewritten(event: GenerationEvent): readonly GenerationEvent[] {
    return this.#rewriters.reduce<readonly GenerationEvent[]>(
      (events, rewriter) => events.flatMap((it) => rewriter(it)),
      [event],
    );
  }

  #now(): number {
    return this.#parts.clock.now() - this.#origin();
  }

  async #whenDue(leaving: AbortSignal, isToken = false): Promise<void> {
    const { clock } = this.#parts;
    const sleepUntil = (instant: number): Promise<void> =>
      clock.sleep(instant - clock.now(), leaving).catch(() => undefined);
    while (clock.now() < this.#heldUntil && !leaving.aborted) await sleepUntil(this.#heldUntil);
    if (isToken && this.#pace && this.#now() < this.#pace.until) {
      await sleepUntil(this.#lastTokenAt + 1000 / this.#pace.tokensPerSecond);
      this.#lastTokenAt = clock.now();
    }
    // What came while others were held goes out with them, at the same instant.
    if (isToken && this.#gather && clock.now() !== this.#gather.outAt) {
      const { from, ms } = this.#gather;
      await sleepUntil(from + (Math.floor((clock.now() - from) / ms) + 1) * ms);
      this.#gather.outAt = clock.now();
    }
  }

  #take(acts: readonly Act[]): void {
    const { clock, emit } = this.#parts;
    for (const { fault, tokensBefore, words, until } of acts) {
      emit({
        kind: 'act',
        fault: fault.index,
        what: fault.action.kind,
        backend: this.#backend,
        at: clock.now(),
        ...(this.#call ? { trace: this.#call.trace, span: this.#call.span } : {}),
        tokensBefore,
      });
      kindOf(fault.action).onEvents(this.#eventsUntil(until), words);
    }
  }

  #eventsUntil(until: number): FaultedEvents {
    const { clock, connectMs, isTls = false } = this.#parts;
    const end = (last: readonly GenerationEvent[]): void => {
      this.#last = last;
      this.#ending.abort();
    };
    const neverConnect = (): void => {
      if (connectMs === undefined) return end([]);
      this.#lastAt = clock.now() + connectMs;
      end([{ kind: 'failure', failure: notConnected }]);
    };
    return {
      isConnected: this.#faults.isConnected,
      lastToken: this.#lastToken,
      fail: (failure) => end([{ kind: 'failure', failure }]),
      end,
      fallSilent: () => (isTls && !this.#faults.isConnected ? neverConnect() : end([])),
      neverConnect,
      holdFor: (ms) => {
        this.#heldUntil = Math.max(this.#heldUntil, clock.now() + ms);
      },
      holdUntilOver: () => {
        if (until === Number.POSITIVE_INFINITY) end([]);
        else this.#heldUntil = Math.max(this.#heldUntil, until + this.#origin());
      },
      paceTo: (tokensPerSecond) => {
        this.#pace = { until, tokensPerSecond };
        this.#lastTokenAt = clock.now();
      },
      gatherFor: (ms) => {
        this.#gather = { from: clock.now(), ms, outAt: undefined };
      },
      rewrite: (rewriter) => this.#rewriters.push(rewriter),
    };
  }
}

/** Faults count tokens, so each event passes by itself. */
async function* eachOf(
  chunks: AsyncIterable<readonly GenerationEvent[]>,
): AsyncGenerator<GenerationEvent> {
  for await (const events of chunks) yield* events;
}

/** The events of a stream, up to the instant the signal aborts, also while none comes. */
async function* untilAborted<T>(stream: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = stream[Symbol.asyncIterator]();
  const end = aborted(signal);
  try {
    for (;;) {
      const next = iterator.next();
      next.catch(() => undefined);
      const step = await Promise.race([next, end]);
      if (!step || step.done) return;
      yield step.value;
    }
  } finally {
    // Not waited for: a stream that hangs would hang its reader.
    Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
