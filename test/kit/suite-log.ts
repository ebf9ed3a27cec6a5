/**
 * Logs of failover suites, made by hand: rows of faults, trials of each, and their twins.
 *
 * The primary is `spark` and the fallback `azure`. One exchange is in flight at a time. A trial is
 * the faulted exchange, the same prompt sent straight to the fallback, and one settle exchange.
 */

import type {
  Attempt,
  Exchange,
  LogEntry,
  Manifest,
  SuiteRow,
  TrialPart,
} from '../../src/log/entry.ts';
import type { RunLog } from '../../src/log/reader.ts';
import { type Random, seeded } from '../../src/random/random.ts';
import * as kit from './log.ts';

/** How the trials of a row go in an arm. */
export interface TrialShape {
  readonly end: 'switch' | 'error' | 'truncate' | 'wait' | 'never-acts' | 'repeat';
  /** From the fault to its detection. */
  readonly detectMs: number;
  readonly trials: number;
  /** Tokens before the fault. */
  readonly afterTokens?: number;
}

export interface SuiteWish {
  readonly rows: readonly (Partial<SuiteRow> & { readonly name: string })[];
  /** By arm, then by the name of the row. */
  readonly arms: Readonly<Record<string, Readonly<Record<string, TrialShape>>>>;
  readonly controls?: number;
  /** Control exchanges that fail over all the same. */
  readonly falseFailovers?: number;
  /** The proxy tells of no attempts, and drops `traceparent`. */
  readonly isForeign?: boolean;
  readonly manifest?: Partial<Manifest>;
}

const tokenMs = 10;
const answerTokens = 50;

/** A whole log of a suite. */
export const suiteLog = (wish: SuiteWish): RunLog => {
  const rows = wish.rows.map((row, fault): SuiteRow => ({
    fault,
    what: 'reset',
    backend: 'spark',
    catalogue: ['N10'],
    isSilent: false,
    expect: 'transparent',
    repetitions: 60,
    ...row,
  }));
  const entries: LogEntry[] = [];
  let now = 1000;
  for (const [place, [arm, shapes]] of Object.entries(wish.arms).entries()) {
    const player = new Player(arm, place, now, wish.isForeign ?? false);
    let trial = 0;
    for (const [index, row] of rows.entries()) {
      const shape = shapes[row.name];
      for (let at = 0; shape && at < shape.trials; at++)
        player.trial({ trial: ++trial, row: index, role: 'faulted' }, row, shape);
    }
    for (let at = 0; at < (wish.controls ?? 0); at++)
      player.control(++trial, at < (wish.falseFailovers ?? 0));
    entries.push(
      { kind: 'phase', arm, name: 'steady', at: now },
      { kind: 'phase', arm, name: 'done', at: player.now },
      ...player.entries,
    );
    now = player.now + 1000;
  }
  const arms = Object.keys(wish.arms);
  const systems = Object.fromEntries(arms.map((arm) => [arm, { breaker: { openForMs: 500 } }]));
  return {
    manifest: kit.manifest({
      name: 'failover-suite',
      question: 'Does each fault end as it should?',
      arms,
      systems,
      suite: { rows, deadlineScale: 0.1 },
      ...wish.manifest,
    }),
    entries: [...entries, kit.end({ at: now })],
    isWhole: true,
    cutLines: 0,
  };
};

/** Plays exchanges one after the other and keeps what a log would hold of them. */
class Player {
  readonly entries: LogEntry[] = [];
  now: number;
  readonly #arm: string;
  readonly #place: number;
  readonly #isForeign: boolean;
  readonly #random: Random;
  #count = 0;

  constructor(arm: string, place: number, now: number, isForeign: boolean) {
    this.#arm = arm;
    this.#place = place;
    this.now = now;
    this.#isForeign = isForeign;
    this.#random = seeded(7).fork(arm);
  }

  trial(part: TrialPart, row: SuiteRow, shape: TrialShape): void {
    this.#faulted(part, row, shape);
    this.#plain({ ...part, role: 'straight' }, 'azure');
    this.#plain({ ...part, role: 'settle' }, 'spark');
  }

  control(trial: number, isFailedOver: boolean): void {
    this.#plain({ trial, role: 'control' }, isFailedOver ? 'azure' : 'spark', isFailedOver);
  }

  #plain(trial: TrialPart, backend: string, isFailedOver = false): void {
    const trace = this.#trace();
    const sentAt = this.now;
    const firstAt = sentAt + 80 + this.#jitter(20);
    const endedAt = firstAt + answerTokens * tokenMs;
    const letter = backend === 'spark' ? 'p' : 'a';
    this.#exchange(trace, sentAt, endedAt, {
      trial,
      backend,
      integrity: `${letter}1-${answerTokens}`,
      ...this.#chunks([[firstAt, answerTokens]]),
    });
    if (isFailedOver)
      this.#attempt(trace, 1, 'spark', sentAt + 1, sentAt + 50, {
        outcome: 'failed',
        reason: 'first-token-deadline',
        tokensReceived: 0,
        tokensForwarded: 0,
      });
    this.#attempt(trace, isFailedOver ? 2 : 1, backend, sentAt + 1, endedAt, {
      cause: isFailedOver ? 'failover' : 'first',
      firstTokenAt: firstAt - 1,
    });
    this.now = endedAt + 5;
  }

  #faulted(trial: TrialPart, row: SuiteRow, shape: TrialShape): void {
    const { end, afterTokens: before = 0 } = shape;
    const trace = this.#trace();
    const sentAt = this.now;
    const firstAt = sentAt + 80;
    const faultAt = before > 0 ? firstAt + before * tokenMs : sentAt + 3;
    const deadAt = faultAt + shape.detectMs + this.#jitter(shape.detectMs / 10);
    const { fault, what, backend } = row;
    const arm = this.#arm;
    this.entries.push({
      kind: 'fault',
      arm,
      fault,
      what,
      backend,
      from: sentAt - 1,
      until: deadAt + 1,
    });
    const resumedAt = deadAt + 0.3 + 90 + this.#jitter(20);
    const rest = answerTokens - before;
    const isWhole = end === 'switch' || end === 'repeat';
    const endedAt = isWhole ? resumedAt + rest * tokenMs : deadAt + 2;
    if (end === 'wait' || end === 'never-acts') {
      this.#whole(trace, trial, { sentAt, firstAt, faultAt, deadAt, before });
      if (end === 'wait') this.#act(trace, row, faultAt, before);
      return;
    }
    const head = before > 0 ? `p1-${before} ` : '';
    const from = end === 'repeat' ? Math.max(1, before - 4) : before + 1;
    this.#exchange(trace, sentAt, endedAt, {
      trial,
      outcome: isWhole ? 'completed' : end === 'error' ? 'failed' : 'truncated',
      ...(isWhole
        ? { backend: 'azure', integrity: `${head}a${from}-${answerTokens}` }
        : before > 0 && { integrity: head.trim() }),
      ...this.#chunks([
        [firstAt, before],
        [resumedAt, isWhole ? rest : 0],
      ]),
    });
    this.#act(trace, row, faultAt, before);
    this.#attempt(trace, 1, backend, sentAt + 1, deadAt, {
      outcome: 'failed',
      reason: row.isSilent ? 'first-token-deadline' : 'reset',
      tokensReceived: before,
      tokensForwarded: before,
    });
    if (isWhole)
      this.#attempt(trace, 2, 'azure', deadAt + 0.3, endedAt, {
        cause: before > 0 ? 'continue' : 'failover',
        firstTokenAt: resumedAt - 0.5,
      });
    this.now = endedAt + 5;
  }

  /** The same backend ends the answer; after `deadAt` where it paused. */
  #whole(
    trace: string,
    trial: TrialPart,
    at: {
      readonly sentAt: number;
      readonly firstAt: number;
      readonly faultAt: number;
      readonly deadAt: number;
      readonly before: number;
    },
  ): void {
    const endedAt = at.deadAt + answerTokens * tokenMs;
    this.#exchange(trace, at.sentAt, endedAt, {
      trial,
      integrity: `p1-${answerTokens}`,
      ...this.#chunks([
        [at.firstAt, at.before],
        [Math.max(at.deadAt, at.firstAt), answerTokens - at.before],
      ]),
    });
    this.#attempt(trace, 1, 'spark', at.sentAt + 1, endedAt, { firstTokenAt: at.firstAt - 1 });
    this.now = endedAt + 5;
  }

  #exchange(trace: string, sentAt: number, endedAt: number, over: Partial<Exchange>): void {
    const {
      firstTokenAt: _,
      firstTextAt: __,
      lastTokenAt: ___,
      lastTextAt: ____,
      ...bare
    } = kit.exchange();
    const { backend: _____, attempts: ______, chunks: _______, ...rest } = bare;
    const { backend, ...told } = over;
    this.entries.push({
      ...rest,
      arm: this.#arm,
      trace,
      session: this.#count,
      scheduledAt: sentAt,
      sentAt,
      headersAt: sentAt + 2,
      firstEventAt: sentAt + 2,
      endedAt,
      ...told,
      ...(backend !== undefined && !this.#isForeign && { backend }),
    });
  }

  #chunks(parts: readonly (readonly [from: number, count: number])[]): Partial<Exchange> {
    const instants = parts.flatMap(([from, count]) =>
      Array.from({ length: count }, (_, at) => from + at * tokenMs),
    );
    const [first] = instants;
    const last = instants.at(-1);
    return first === undefined || last === undefined
      ? {}
      : {
          firstTokenAt: first,
          firstTextAt: first,
          lastTokenAt: last,
          lastTextAt: last,
          chunks: kit.chunkCode(instants),
        };
  }

  #act(trace: string, { fault, what, backend }: SuiteRow, at: number, tokensBefore: number): void {
    this.entries.push({
      kind: 'act',
      arm: this.#arm,
      fault,
      what,
      backend,
      at,
      tokensBefore,
      ...(!this.#isForeign && { trace }),
    });
  }

  #attempt(
    trace: string,
    attempt: number,
    backend: string,
    startedAt: number,
    endedAt: number,
    over: Partial<Attempt>,
  ): void {
    const arm = this.#arm;
    if (!this.#isForeign) {
      const { firstTokenAt: _, ...rest } = kit.attempt({ backend });
      this.entries.push({ ...rest, arm, trace, attempt, startedAt, endedAt, ...over });
      return;
    }
    const { trace: __, ...rest } = kit.generation({ backend });
    const { firstTokenAt = startedAt + 1 } = over;
    this.entries.push({
      ...rest,
      arm,
      receivedAt: startedAt + 0.5,
      startedAt: startedAt + 0.5,
      firstTokenAt,
      endedAt,
      outcome: over.outcome === 'failed' ? 'cancelled' : 'completed',
    });
  }

  #trace(): string {
    this.#count++;
    return `${this.#place}${this.#count}`.padStart(32, 'f');
  }

  #jitter(widthMs: number): number {
    return this.#random.next() * widthMs;
  }
}
