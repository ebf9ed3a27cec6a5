/**
 * The figures of one exchange, each by its formula in the metric table.
 *
 * A figure that cannot be had is absent. Two things make a time per token meaningless, and then it
 * is absent too: tokens that were counted but not streamed to this client, and text that a server
 * held back and then emptied at once.
 */

import type { Usage } from '../protocol/generation.ts';
import { isAnswered, type ArmLog, type ExchangeTrace } from './arm.ts';
import type { ExchangeFigures } from './analysis.ts';
import { servedOutside } from './outside.ts';
import { median } from './percentile.ts';

/** What the figures of an exchange depend on besides its trace. */
export interface FigureGround {
  readonly limits: Readonly<Record<string, number>>;
  readonly residencies: ReadonlyMap<string, 'local' | 'cloud'>;
  /** The proxy's attempts are in the log: it is ours. */
  readonly areAttemptsKnown: boolean;
}

/** An exchange with its figures. */
export interface Measured {
  readonly trace: ExchangeTrace;
  readonly figures: ExchangeFigures;
  /** Tokens that came as chunks: the weight of one chunk is this by their number. */
  readonly streamedTokens: number;
  /** The backend that wrote the end of the answer. */
  readonly backend?: string;
}

/** Faster than this, in tokens per second, is a buffer being emptied: no engine decodes so fast. */
const plausibleTokensPerSecond = 1000;

/** The least gap that a reader would call a stall, whatever the pace. */
const stallMsMin = 250;

/** Measures every exchange of an arm. */
export const measure = (arm: ArmLog, ground: FigureGround): Measured[] =>
  arm.exchanges.map((trace) => measured(trace, ground));

/** The value that a limit or a summary row is about; undefined where there is none. */
export const figureOf = (figures: ExchangeFigures, id: string): number | undefined => {
  const { exchange } = figures;
  switch (id) {
    case 'dispatch_delay':
      return figures.dispatchDelayMs;
    case 'ttfe':
      return figures.ttfeMs;
    case 'ttft':
      return figures.ttftMs;
    case 'ttfo':
      return figures.ttfoMs;
    case 'e2e':
      return figures.e2eMs;
    case 'tpot':
      return figures.tpotMs;
    case 'tpot_text':
      return figures.isBuffered ? undefined : figures.tpotTextMs;
    case 'stall_longest':
      return figures.stallMsMax;
    case 'ttft_sched':
      return since(exchange.firstTokenAt, exchange.scheduledAt);
    case 'ttfo_sched':
      return since(exchange.firstTextAt, exchange.scheduledAt);
    case 'e2e_sched':
      return isAnswered(exchange) ? since(exchange.endedAt, exchange.scheduledAt) : undefined;
    case 'user_tps':
      return figures.tpotMs === undefined ? undefined : 1000 / figures.tpotMs;
    case 'e2e_tps':
      return figures.outputTokens === undefined || !figures.e2eMs
        ? undefined
        : (figures.outputTokens * 1000) / figures.e2eMs;
    default:
      return undefined;
  }
};

/**
 * The backend that an answer can be held against: the only one that was tried. The wait of an
 * answer that failed over, and the pace of one that was continued, are of two backends and so of
 * none.
 */
export const soleBackendOf = ({ trace, backend }: Measured): string | undefined =>
  trace.attempts.length > 1 || (trace.attempts.length === 0 && trace.generations.length > 1)
    ? undefined
    : backend;

const measured = (trace: ExchangeTrace, ground: FigureGround): Measured => {
  const { exchange, attempts, phase } = trace;
  const { sentAt, firstTokenAt, firstTextAt } = exchange;
  const streamedTokens = streamedTokensOf(trace);
  const textTokens = textTokensOf(trace, streamedTokens);
  const tpotTextMs = paceOf(firstTextAt, exchange.lastTextAt, textTokens);
  const tpotMs = isReasoningReleased(trace)
    ? tpotTextMs
    : paceOf(firstTokenAt, exchange.lastTokenAt, streamedTokens);
  const backend =
    exchange.backend ??
    attempts.findLast((it) => it.outcome === 'served')?.backend ??
    (isAnswered(exchange) ? servedOutside(trace.generations) : undefined);
  const outputTokens = isContinued(trace)
    ? streamedTokens
    : (reportedUsage(trace)?.outputTokens ??
      (trace.chunkAts.length > 0 ? streamedTokens : undefined));
  const costUsd = costOf(trace, ground);
  const dispatchDelayMs = since(sentAt, exchange.scheduledAt);
  const ttfeMs = since(exchange.firstEventAt, sentAt);
  const ttftMs = since(firstTokenAt, sentAt);
  const ttfoMs = since(firstTextAt, sentAt);
  const e2eMs = isAnswered(exchange) ? since(exchange.endedAt, sentAt) : undefined;
  const figures: Omit<ExchangeFigures, 'isGood'> = {
    exchange,
    phase,
    ...(dispatchDelayMs !== undefined && { dispatchDelayMs }),
    ...(ttfeMs !== undefined && { ttfeMs }),
    ...(ttftMs !== undefined && { ttftMs }),
    ...(ttfoMs !== undefined && { ttfoMs }),
    ...(e2eMs !== undefined && { e2eMs }),
    ...(tpotMs !== undefined && isPlausible(tpotMs) && { tpotMs }),
    ...(tpotTextMs !== undefined && { tpotTextMs }),
    isBuffered: isBuffered(trace, tpotTextMs),
    ...stallsOf(trace.chunkAts),
    ...(outputTokens !== undefined && { outputTokens }),
    isLeaked: isLeaked(trace, ground),
    ...(costUsd !== undefined && { costUsd }),
    servedAs: servedAs(trace, ground),
  };

  return {
    trace,
    figures: { ...figures, isGood: isGood({ ...figures, isGood: true }, ground.limits) },
    streamedTokens,
    ...(backend !== undefined && { backend }),
  };
};

const since = (at: number | undefined, from: number | undefined): number | undefined =>
  at === undefined || from === undefined ? undefined : at - from;

/** Whether a second backend wrote on where the first one stopped. */
const isContinued = ({ attempts }: ExchangeTrace): boolean =>
  attempts.some(({ cause }) => cause === 'continue');

/**
 * Whether the proxy kept some of what a backend generated from the reader: its thinking, usually.
 */
const hasWithheld = ({ attempts }: ExchangeTrace): boolean => {
  const served = attempts.findLast(({ outcome }) => outcome === 'served');
  return served !== undefined && served.tokensForwarded < served.tokensReceived;
};

/** No model's window comes near it: a counter has run over. */
const countedTokensMax = 100_000_000;

/** A count that can be one; a proxy of others may hand through whatever it is told. */
export const believable = (usage: Usage | undefined): Usage | undefined =>
  usage && Math.max(usage.inputTokens, usage.outputTokens) <= countedTokensMax ? usage : undefined;

/**
 * What the backend itself counted. The usage in the response has a number for everything, also for
 * what the backend was silent about.
 */
export const reportedUsage = (trace: ExchangeTrace): Usage | undefined => {
  const served = trace.attempts.findLast(({ outcome }) => outcome === 'served');
  return (
    (isContinued(trace) ? undefined : believable(served?.usage)) ?? believable(trace.exchange.usage)
  );
};

/**
 * Tokens that came as chunks. The server's count is trusted where it is about the same tokens;
 * where part of the answer was withheld, or two backends wrote it, the chunks are counted.
 */
const streamedTokensOf = (trace: ExchangeTrace): number => {
  const { chunkAts, chunkCounts } = trace;
  const usage = reportedUsage(trace);
  if (!usage || isContinued(trace) || hasWithheld(trace)) return chunkAts.length;
  const hidden = chunkCounts.reasoning > 0 ? 0 : (usage.reasoningTokens ?? 0);
  return Math.max(usage.outputTokens - hidden, 0);
};

/** Where the server did not tell thinking from text, the chunks of text are counted. */
const textTokensOf = (trace: ExchangeTrace, streamedTokens: number): number => {
  const { chunkAts, chunkCounts } = trace;
  if (chunkCounts.text === chunkAts.length) return streamedTokens;
  const usage = reportedUsage(trace);
  const isTold =
    usage?.reasoningTokens !== undefined &&
    usage.reasoningTokens > 0 &&
    chunkCounts.text + chunkCounts.reasoning === chunkAts.length;
  return isTold && !isContinued(trace) && !hasWithheld(trace)
    ? Math.max(usage.outputTokens - usage.reasoningTokens, 0)
    : chunkCounts.text;
};

/** Thinking that was held back until the first text and then released at once has no pace. */
export const isReasoningReleased = ({ exchange, chunkCounts }: ExchangeTrace): boolean => {
  const { firstTokenAt, firstTextAt } = exchange;
  return (
    firstTokenAt !== undefined &&
    firstTextAt !== undefined &&
    chunkCounts.reasoning > 0 &&
    !isPlausible((firstTextAt - firstTokenAt) / chunkCounts.reasoning)
  );
};

const paceOf = (
  firstAt: number | undefined,
  lastAt: number | undefined,
  tokens: number | undefined,
): number | undefined =>
  firstAt === undefined || lastAt === undefined || tokens === undefined || tokens < 2
    ? undefined
    : (lastAt - firstAt) / (tokens - 1);

const isPlausible = (paceMs: number): boolean => paceMs >= 1000 / plausibleTokensPerSecond;

/** Reasoning that the server counted and nobody streamed came before text that was then emptied. */
const isBuffered = (trace: ExchangeTrace, tpotTextMs: number | undefined): boolean =>
  (tpotTextMs !== undefined && !isPlausible(tpotTextMs)) ||
  ((reportedUsage(trace)?.reasoningTokens ?? 0) > 0 &&
    trace.chunkCounts.text > 0 &&
    trace.chunkCounts.reasoning === 0 &&
    !hasWithheld(trace));

const stallsOf = (
  chunkAts: Float64Array,
): { readonly stallCount?: number; readonly stallMsMax?: number } => {
  if (chunkAts.length < 3) return {};
  const gaps = gapsOf(chunkAts);
  const stallMs = Math.max(5 * (median(gaps) ?? 0), stallMsMin);
  const stalls = gaps.filter((gap) => gap > stallMs);
  return {
    stallCount: stalls.length,
    ...(stalls.length > 0 && { stallMsMax: Math.max(...stalls) }),
  };
};

/** From each chunk to the next. */
export const gapsOf = (chunkAts: Float64Array): number[] =>
  Array.from(chunkAts.subarray(1), (at, place) => at - (chunkAts[place] ?? at));

/** An empty answer is not a good one; a limit on a figure that an answer has not is no limit. */
const isGood = (figures: ExchangeFigures, limits: Readonly<Record<string, number>>): boolean =>
  isAnswered(figures.exchange) &&
  figures.exchange.firstTokenAt !== undefined &&
  Object.entries(limits).every(([id, limit]) => (figureOf(figures, id) ?? limit) <= limit);

const isLeaked = ({ exchange, attempts, generations }: ExchangeTrace, ground: FigureGround) =>
  exchange.isLocalOnly &&
  (attempts.some(({ residency }) => residency === 'cloud') ||
    generations.some(({ residency }) => residency === 'cloud') ||
    (exchange.backend !== undefined && ground.residencies.get(exchange.backend) === 'cloud'));

/** Undefined where an attempt at the cloud produced something whose price is not known. */
const costOf = ({ attempts }: ExchangeTrace, ground: FigureGround): number | undefined => {
  if (!ground.areAttemptsKnown) return undefined;
  let sum = 0;
  for (const { costUsd, residency, tokensReceived } of attempts) {
    if (costUsd !== undefined) sum += costUsd;
    else if (residency === 'cloud' && tokensReceived > 0) return undefined;
  }
  return sum;
};

/**
 * Spilling is not failing: a healthy backend that was full or cold was passed over by policy. One
 * that was passed over because its breaker was open had failed before.
 */
const servedAs = (
  { exchange, attempts }: ExchangeTrace,
  ground: FigureGround,
): ExchangeFigures['servedAs'] => {
  if (exchange.outcome === 'cancelled') return 'unknown';
  if (!isAnswered(exchange)) return 'failed';
  const served = attempts.findLast(({ outcome }) => outcome === 'served');
  if (!served) {
    const isAlone = exchange.attempts === undefined || exchange.attempts === 1;
    return (isAlone && ground.residencies.get(exchange.backend ?? '')) || 'unknown';
  }
  const causes = attempts.filter(({ attempt }) => attempt <= served.attempt);
  const hasFailed = causes.some(
    ({ cause, passedOver }) =>
      cause === 'failover' || cause === 'continue' || passedOver === 'breaker',
  );
  if (hasFailed) return 'failed-over';
  return causes.some(({ cause }) => cause === 'spill') ? 'spilled' : served.residency;
};
