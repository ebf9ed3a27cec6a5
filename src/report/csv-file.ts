/** The CSV files of a run folder and their columns. */

import type { Analysis, ExchangeFigures, FailoverRow, SummaryRow } from '../analysis/analysis.ts';
import type { Attempt } from '../log/entry.ts';
import { csv, excelCsv, type Column } from './csv.ts';
import { matrixColumns } from './matrix-csv.ts';

/** Every CSV file by its name. */
export const csvFiles = (analysis: Analysis): ReadonlyMap<string, string> =>
  new Map([
    ['exchanges.csv', csv(exchangeColumns, analysis.exchanges)],
    ['attempts.csv', csv(attemptColumns, analysis.attempts)],
    ['failovers.csv', csv(failoverColumns, analysis.failovers)],
    ...(analysis.matrix.length === 0
      ? []
      : [
          [
            'matrix.csv',
            csv(
              matrixColumns(analysis.isSimulated),
              analysis.matrix.flatMap(({ rows }) => rows),
            ),
          ] as const,
        ]),
    ['timeline.csv', csv(timelineColumns, timelineRows(analysis))],
    ['summary.csv', excelCsv(summaryColumns, analysis.rows)],
  ]);

const exchangeColumns: readonly Column<ExchangeFigures>[] = [
  { name: 'arm', of: ({ exchange }) => exchange.arm },
  // Sixteen digits and more would be read as a number and rounded.
  { name: 'trace', of: ({ exchange }) => `t_${exchange.trace}` },
  { name: 'phase', of: ({ phase }) => phase },
  { name: 'workload', of: ({ exchange }) => exchange.workload },
  { name: 'key', of: ({ exchange }) => exchange.key },
  { name: 'is_local_only', of: ({ exchange }) => exchange.isLocalOnly },
  { name: 'session', of: ({ exchange }) => exchange.session },
  { name: 'turn', of: ({ exchange }) => exchange.turn },
  { name: 'model', of: ({ exchange }) => exchange.model },
  { name: 'outcome', of: ({ exchange }) => exchange.outcome },
  { name: 'status', of: ({ exchange }) => exchange.status },
  { name: 'code', of: ({ exchange }) => exchange.code },
  { name: 'backend', of: ({ exchange }) => exchange.backend },
  { name: 'served_as', of: ({ servedAs }) => servedAs },
  { name: 'attempts', of: ({ exchange }) => exchange.attempts },
  { name: 'scheduled_at_ms', of: ({ exchange }) => exchange.scheduledAt },
  { name: 'sent_at_ms', of: ({ exchange }) => exchange.sentAt },
  { name: 'first_token_at_ms', of: ({ exchange }) => exchange.firstTokenAt },
  { name: 'first_text_at_ms', of: ({ exchange }) => exchange.firstTextAt },
  { name: 'last_token_at_ms', of: ({ exchange }) => exchange.lastTokenAt },
  { name: 'ended_at_ms', of: ({ exchange }) => exchange.endedAt },
  { name: 'dispatch_delay_ms', of: ({ dispatchDelayMs }) => dispatchDelayMs },
  { name: 'ttfe_ms', of: ({ ttfeMs }) => ttfeMs },
  { name: 'ttft_ms', of: ({ ttftMs }) => ttftMs },
  { name: 'ttfo_ms', of: ({ ttfoMs }) => ttfoMs },
  { name: 'e2e_ms', of: ({ e2eMs }) => e2eMs },
  { name: 'tpot_ms', of: ({ tpotMs }) => tpotMs },
  { name: 'tpot_text_ms', of: ({ tpotTextMs }) => tpotTextMs },
  { name: 'is_buffered', of: ({ isBuffered }) => isBuffered },
  { name: 'stalls', of: ({ stallCount }) => stallCount },
  { name: 'stall_longest_ms', of: ({ stallMsMax }) => stallMsMax },
  { name: 'prompt_tokens_sent', of: ({ exchange }) => exchange.promptTokens },
  { name: 'input_tokens', of: ({ exchange }) => exchange.usage?.inputTokens },
  { name: 'cached_input_tokens', of: ({ exchange }) => exchange.usage?.cachedInputTokens },
  { name: 'output_tokens', of: ({ outputTokens }) => outputTokens },
  { name: 'reasoning_tokens', of: ({ exchange }) => exchange.usage?.reasoningTokens },
  { name: 'text_chars', of: ({ exchange }) => exchange.textChars },
  { name: 'integrity', of: ({ exchange }) => exchange.integrity },
  { name: 'is_schema_met', of: ({ exchange }) => exchange.isSchemaMet },
  { name: 'is_good', of: ({ isGood }) => isGood },
  { name: 'is_leaked', of: ({ isLeaked }) => isLeaked },
  { name: 'cost_usd', of: ({ costUsd }) => costUsd },
];

const attemptColumns: readonly Column<Attempt>[] = [
  { name: 'arm', of: ({ arm }) => arm },
  { name: 'trace', of: ({ trace }) => `t_${trace}` },
  { name: 'attempt', of: ({ attempt }) => attempt },
  { name: 'cause', of: ({ cause }) => cause },
  { name: 'passed_over', of: ({ passedOver }) => passedOver },
  { name: 'backend', of: ({ backend }) => backend },
  { name: 'model', of: ({ model }) => model },
  { name: 'residency', of: ({ residency }) => residency },
  { name: 'started_at_ms', of: ({ startedAt }) => startedAt },
  { name: 'headers_at_ms', of: ({ headersAt }) => headersAt },
  { name: 'first_token_at_ms', of: ({ firstTokenAt }) => firstTokenAt },
  { name: 'ended_at_ms', of: ({ endedAt }) => endedAt },
  { name: 'outcome', of: ({ outcome }) => outcome },
  { name: 'reason', of: ({ reason }) => reason },
  { name: 'evidence', of: ({ evidence }) => evidence },
  { name: 'received_tokens', of: ({ tokensReceived }) => tokensReceived },
  { name: 'forwarded_tokens', of: ({ tokensForwarded }) => tokensForwarded },
  { name: 'input_tokens', of: ({ usage }) => usage?.inputTokens },
  { name: 'cached_input_tokens', of: ({ usage }) => usage?.cachedInputTokens },
  { name: 'output_tokens', of: ({ usage }) => usage?.outputTokens },
  { name: 'is_usage_estimated', of: ({ isUsageEstimated }) => isUsageEstimated },
  { name: 'cost_usd', of: ({ costUsd }) => costUsd },
];

const failoverColumns: readonly Column<FailoverRow>[] = [
  { name: 'arm', of: ({ arm }) => arm },
  { name: 'trace', of: ({ trace }) => `t_${trace}` },
  { name: 'workload', of: ({ workload }) => workload },
  { name: 'session', of: ({ session }) => session },
  { name: 'turn', of: ({ turn }) => turn },
  { name: 'fault', of: ({ fault }) => fault },
  { name: 'what', of: ({ what }) => what },
  { name: 'from', of: ({ from }) => from },
  { name: 'to', of: ({ to }) => to },
  { name: 'outcome', of: ({ outcome }) => outcome },
  { name: 'reason', of: ({ reason }) => reason },
  { name: 'is_mid_stream', of: ({ isMidStream }) => isMidStream },
  { name: 'is_silent', of: ({ isSilent }) => isSilent },
  { name: 'fault_at_ms', of: ({ faultAt }) => faultAt },
  { name: 'last_good_at_ms', of: ({ lastGoodAt }) => lastGoodAt },
  { name: 'declared_at_ms', of: ({ declaredAt }) => declaredAt },
  { name: 'switched_at_ms', of: ({ switchedAt }) => switchedAt },
  { name: 'resumed_at_ms', of: ({ resumedAt }) => resumedAt },
  { name: 'detect_ms', of: ({ detectMs }) => detectMs },
  { name: 'decide_ms', of: ({ decideMs }) => decideMs },
  { name: 'refill_ms', of: ({ refillMs }) => refillMs },
  { name: 'failover_ms', of: ({ failoverMs }) => failoverMs },
  { name: 'failover_ttft_ms', of: ({ failoverTtftMs }) => failoverTtftMs },
  { name: 'visible_gap_ms', of: ({ visibleGapMs }) => visibleGapMs },
  { name: 'error_after_ms', of: ({ errorAfterMs }) => errorAfterMs },
  { name: 'lost_tokens', of: ({ tokensLost }) => tokensLost },
  { name: 'repeated_tokens', of: ({ tokensRepeated }) => tokensRepeated },
  { name: 'discarded_tokens', of: ({ tokensDiscarded }) => tokensDiscarded },
  { name: 'attempts', of: ({ attempts }) => attempts },
];

/** One backend within one bin: the long form, so that a new backend is no new column. */
interface TimelineRow {
  readonly arm: string;
  readonly elapsedMs: number;
  readonly binMs: number;
  readonly backend: string;
  readonly tokens: number;
  readonly ended: number;
  readonly inFlightMax: number;
}

const timelineRows = (analysis: Analysis): readonly TimelineRow[] =>
  analysis.timelines.flatMap(({ arm, binMs, origin, bins }) => {
    const backends = [
      ...new Set(
        bins.flatMap(({ tokens, ended }) => [...Object.keys(tokens), ...Object.keys(ended)]),
      ),
    ].sort();
    return bins.flatMap(({ at, tokens, ended, inFlightMax }) =>
      backends.map((backend) => ({
        arm,
        elapsedMs: at - origin,
        binMs,
        backend,
        tokens: tokens[backend] ?? 0,
        ended: ended[backend] ?? 0,
        inFlightMax,
      })),
    );
  });

const timelineColumns: readonly Column<TimelineRow>[] = [
  { name: 'arm', of: ({ arm }) => arm },
  { name: 'elapsed_ms', of: ({ elapsedMs }) => elapsedMs },
  { name: 'bin_ms', of: ({ binMs }) => binMs },
  { name: 'backend', of: ({ backend }) => backend },
  { name: 'output_tokens', of: ({ tokens }) => tokens },
  { name: 'answers_ended', of: ({ ended }) => ended },
  { name: 'in_flight_max', of: ({ inFlightMax }) => inFlightMax },
];

const summaryColumns: readonly Column<SummaryRow>[] = [
  { name: 'id', of: ({ id }) => id },
  { name: 'stat', of: ({ stat }) => stat },
  { name: 'arm', of: ({ arm }) => arm },
  { name: 'where', of: ({ where }) => where },
  { name: 'value', of: ({ value }) => value },
  { name: 'unit', of: ({ unit }) => unit },
  { name: 'n', of: ({ n }) => n },
  { name: 'interval_low', of: ({ interval }) => interval?.[0] },
  { name: 'interval_high', of: ({ interval }) => interval?.[1] },
  { name: 'among', of: ({ among }) => among },
  { name: 'at_most', of: ({ atMost }) => atMost },
  { name: 'withheld', of: ({ withheld }) => withheld?.why },
];
