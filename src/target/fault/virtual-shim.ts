/**
 * The fault shim in virtual time: the same decisions, acting on generation events instead of bytes.
 *
 * It stands where the socket and the upstream adapter stand on the wire, so what breaks comes out as
 * the adapter would have told it: a failure event, or nothing at all until the caller leaves.
 */

import type { FaultAct } from '../../log/entry.ts';
import { type Failure, type GenerationEvent, isSemantic } from '../../protocol/generation.ts';
import type { Random } from '../../random/random.ts';
import type { Clock } from '../../time/clock.ts';
import { type Act, type AttemptFaults, FaultDecision } from './decision.ts';
import type { FaultAction, PlannedFault } from './fault.ts';

/** What the shim reads of a call: whose attempt it is. */
export interface FaultableCall {
  readonly trace: string;
  readonly span: string;
}

/** A backend as the proxy's heart sees it. */
export interface Faultable<Call extends FaultableCall, Answer> {
  readonly name: string;
  open(call: Call, signal: AbortSignal): AsyncIterable<GenerationEvent>;
  probe(signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

export interface VirtualShimParts {
  readonly faults: readonly PlannedFault[];
  readonly clock: Clock;
  readonly random: Random;
  /** The run's arm is added by the receiver. */
  readonly emit: (entry: Omit<FaultAct, 'arm'>) => void;
}

/** Puts faults in front of a backend; they count from the instant it is armed with. */
export const virtualShim = <Call extends FaultableCall, Answer>(
  backend: Faultable<Call, Answer>,
  parts: VirtualShimParts,
): Faultable<Call, Answer> & { arm(origin: number): void } => {
  const { faults, clock, random } = parts;
  const open = new Set<VirtualAttempt>();
  let origin = Number.POSITIVE_INFINITY;
  let decision = new FaultDecision(faults, random);
  let timer: Disposable | undefined;

  const onTime = (): void => {
    for (const attempt of open) attempt.onTime();
    const next = decision.nextWindowAt(clock.now() - origin);
    if (next !== undefined) timer = clock.at(origin + next, onTime);
  };
  const attemptOf = (call: FaultableCall | undefined): VirtualAttempt =>
    new VirtualAttempt(decision.attempt(), call, backend.name, () => origin, parts);

  return {
    name: backend.name,
    arm: (instant) => {
      timer?.[Symbol.dispose]();
      origin = instant;
      decision = new FaultDecision(faults, random);
      onTime();
    },
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
  #failure: Failure | undefined;
  #heldUntil = 0;
  #lastTokenAt = 0;
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
    source: (signal: AbortSignal) => AsyncIterable<GenerationEvent>,
    signal: AbortSignal,
  ): AsyncGenerator<GenerationEvent> {
    this.#begin();
    const leaving = AbortSignal.any([signal, this.#ending.signal]);
    let isHeadForwarded = false;
    if (!leaving.aborted)
      for await (const event of untilAborted(source(leaving), this.#ending.signal)) {
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
        yield event;
        if (isToken) this.#take(this.#faults.onToken(this.#faults.tokens + 1, this.#now()));
      }
    if (!this.#ending.signal.aborted || signal.aborted) return;
    if (this.#failure) yield { kind: 'failure', failure: this.#failure };
    else await aborted(signal);
  }

  /** A request without a stream: resolves once it may pass, rejects with what went wrong. */
  async pass(signal: AbortSignal): Promise<void> {
    this.#begin();
    this.#take(this.#faults.onResponseHead(this.#now()));
    await this.#whenDue(signal);
    if (this.#failure) throw new Error(this.#failure.message);
    if (this.#ending.signal.aborted) await aborted(signal);
    signal.throwIfAborted();
  }

  #begin(): void {
    this.#isBegun = true;
    this.#take(this.#faults.onConnect(this.#now()));
    if (!this.#ending.signal.aborted)
      this.#take(this.#faults.onRequestHead(this.#call, this.#now()));
  }

  #now(): number {
    return this.#parts.clock.now() - this.#origin();
  }

  async #whenDue(leaving: AbortSignal, isToken = false): Promise<void> {
    const { clock } = this.#parts;
    const sleepUntil = (instant: number): Promise<void> =>
      clock.sleep(instant - clock.now(), leaving).catch(() => undefined);
    while (clock.now() < this.#heldUntil && !leaving.aborted) await sleepUntil(this.#heldUntil);
    if (!isToken || !this.#pace || this.#now() >= this.#pace.until) return;
    await sleepUntil(this.#lastTokenAt + 1000 / this.#pace.tokensPerSecond);
    this.#lastTokenAt = clock.now();
  }

  #take(acts: readonly Act[]): void {
    const { clock, emit } = this.#parts;
    for (const { fault, tokensBefore } of acts) {
      emit({
        kind: 'act',
        fault: fault.index,
        what: fault.action.kind,
        backend: this.#backend,
        at: clock.now(),
        ...(this.#call ? { trace: this.#call.trace, span: this.#call.span } : {}),
        tokensBefore,
      });
      this.#perform(fault);
    }
  }

  #perform({ action, until }: PlannedFault): void {
    const now = this.#parts.clock.now();
    switch (action.kind) {
      case 'refuse':
      case 'reset':
      case 'cut':
      case 'reject':
        this.#failure = failureOf(action, this.#faults.isConnected);
        this.#ending.abort();
        return;
      case 'silent':
        this.#ending.abort();
        return;
      case 'delay':
        this.#heldUntil = Math.max(this.#heldUntil, now + action.delayMs);
        return;
      case 'stall':
        this.#heldUntil = Math.max(this.#heldUntil, now + action.stallMs);
        return;
      case 'slow':
        // Events have no bytes: a byte rate is meaningless here and lets them pass.
        if (action.tokensPerSecond === undefined) return;
        this.#pace = { until, tokensPerSecond: action.tokensPerSecond };
        this.#lastTokenAt = now;
    }
  }
}

/** The failure that the proxy's adapters make of it on the wire. */
const failureOf = (
  action: FaultAction & { kind: 'refuse' | 'reset' | 'cut' | 'reject' },
  isConnected: boolean,
): Failure => {
  switch (action.kind) {
    case 'refuse':
      return isConnected
        ? { reason: 'reset', evidence: 'soft', message: 'read ECONNRESET' }
        : { reason: 'refused', evidence: 'hard', message: 'connect ECONNREFUSED' };
    case 'reset':
      return { reason: 'reset', evidence: 'soft', message: 'read ECONNRESET' };
    case 'cut':
      return { reason: 'closed', evidence: 'soft', message: 'other side closed' };
    case 'reject':
      return rejectionOf(action.status, action.headers);
  }
};

const rejectionOf = (status: number, headers: Readonly<Record<string, string>>): Failure => {
  const seconds = Object.entries(headers).find(([name]) => name.toLowerCase() === 'retry-after');
  const retryAfterMs = Number(seconds?.[1]) * 1000;
  const common = {
    status,
    message: `the server answered ${status}`,
    ...(retryAfterMs >= 0 ? { retryAfterMs } : {}),
  };
  if (status === 429) return { ...common, reason: 'rate-limited', evidence: 'soft' };
  if (status === 503) return { ...common, reason: 'overloaded', evidence: 'soft' };
  if (status === 400 || status === 413 || status === 422)
    return { ...common, reason: 'status', evidence: 'soft', isRequestFault: true };
  const isHard = status === 401 || status === 403 || status === 404;
  return { ...common, reason: 'status', evidence: isHard ? 'hard' : 'soft' };
};

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
