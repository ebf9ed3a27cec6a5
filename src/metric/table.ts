/**
 * Every metric: its id, formula, unit and names. Data, and nothing but data.
 *
 * Instants in the formulas are the fields of the log's entries. W is the steady phase of an arm,
 * |W| its length. Unless a formula says otherwise, a metric is over the exchanges whose
 * `scheduledAt` lies in W. tF, tD, tS, tX and tL: see the failover metrics.
 */

import { failover, healthy, outage, trial } from './failover-table.ts';
import { counted, duration, shared, single, speed } from './maker.ts';
import type { Metric } from './metric.ts';

const timing = {
  dispatch_delay: duration('sentAt − scheduledAt', 'harness lag', '計測側の遅れ'),
  ttfe: duration('firstEventAt − sentAt', 'first event', '最初のイベントまで'),
  ttft: duration('firstTokenAt − sentAt, any channel', 'first token', '最初のトークンまで'),
  ttfo: duration('firstTextAt − sentAt', 'first visible text', '最初の文字まで'),
  e2e: duration('endedAt − sentAt, of answers that ended well', 'whole answer', '回答全体'),
  ttft_sched: duration(
    'firstTokenAt − scheduledAt, open loop only',
    'first token, from schedule',
    '最初のトークンまで（予定時刻から）',
  ),
  ttfo_sched: duration(
    'firstTextAt − scheduledAt, open loop only',
    'first visible text, from schedule',
    '最初の文字まで（予定時刻から）',
  ),
  e2e_sched: duration(
    'endedAt − scheduledAt, of answers that ended well, open loop only',
    'whole answer, from schedule',
    '回答全体（予定時刻から）',
  ),
  tpot: duration(
    '(lastTokenAt − firstTokenAt) / (streamed tokens − 1), from 2 tokens on; tpot_text where ' +
      'thinking was held back and released at once; none above 1,000 tokens/s, a buffer emptied',
    'time per token',
    '1トークンの間隔',
  ),
  tpot_text: duration(
    '(lastTextAt − firstTextAt) / (text tokens − 1), from 2 tokens on; none of a buffered answer',
    'time per text token',
    '1トークンの間隔（本文）',
  ),
  chunk_gap: duration(
    'gap between one chunk and the next of the same answer, all answers pooled',
    'chunk gap',
    'チャンクの間隔',
  ),
  stall_longest: duration(
    'longest chunk gap of an answer that is a stall',
    'longest stall',
    '最長の停止',
  ),
} as const satisfies Record<string, Metric>;

const rate = {
  stalls: counted(
    'chunk gaps above max(5 × median gap of the same answer, 250 ms); n is answers',
    'stalls',
    '停止回数',
  ),
  user_tps: speed('1000 / tpot', 'tokens per second, per reader', '利用者1人あたりの生成速度'),
  e2e_tps: speed('output tokens / e2e', 'tokens per second, whole answer', '回答全体の生成速度'),
  out_tps: single(
    'tokens/s',
    'rate',
    'higher',
    'output tokens whose chunk came within W / |W|, of any exchange',
    'output rate',
    '出力速度',
  ),
  req_rate_offered: single(
    'requests/s',
    'rate',
    'higher',
    'exchanges scheduled within W / |W|',
    'requests offered',
    '到着リクエスト毎秒',
  ),
  req_rate: single(
    'requests/s',
    'rate',
    'higher',
    'answers that ended well within W / |W|',
    'requests completed',
    '完了リクエスト毎秒',
  ),
  goodput_req: shared(
    'higher',
    'answers within all limits / exchanges started; errors are bad; cancelled left out',
    'goodput',
    '目標達成率',
  ),
  goodput_tok: single(
    'tokens/s',
    'rate',
    'higher',
    'output tokens of answers within all limits / |W|',
    'goodput in tokens',
    '目標内の処理量',
  ),
  session_ok: shared(
    'higher',
    'sessions all of whose turns were within all limits / sessions',
    'sessions within limits',
    '会話の目標達成率',
  ),
  cache_hit: shared(
    'higher',
    'cached input tokens / input tokens, of answers whose server reports both; n is those',
    'cached input',
    'キャッシュ命中率',
  ),
  little_gap: shared(
    'lower',
    '|L − λ·w| / L, with L the mean in flight, λ the completion rate and w the mean e2e, over W',
    "gap in Little's law",
    'リトルの法則とのずれ',
  ),
  history_kept: shared(
    'higher',
    'earlier turns that the serving backend received / earlier turns answered, from turn 2 on',
    'history kept',
    '履歴の保持',
  ),
} as const satisfies Record<string, Metric>;

const count = {
  started: single(
    'count',
    'count',
    'higher',
    'exchanges = completed + incomplete + failed + cancelled + dropped',
    'started',
    '開始',
  ),
  completed: single(
    'count',
    'count',
    'higher',
    'answers with a terminal event that says completed',
    'completed',
    '完了',
  ),
  incomplete: counted('answers cut short by a limit, and told so', 'cut by a limit', '上限で終了'),
  failed: counted('exchanges that failed, stopped without a word, or hung', 'failed', '失敗'),
  truncated: counted(
    'streams that stopped without a terminal event; part of failed',
    'silently cut',
    'エラー通知なしの中断',
  ),
  hung: counted('no end before the client gave up; part of failed', 'hung', '無応答'),
  cancelled: counted('by the scenario, or because the run ended', 'cancelled', '取消'),
  dropped: counted('arrivals that the harness could not send', 'dropped', '送信できず'),
  leaked: counted(
    'local-only exchanges with an attempt at, or a generation by, a cloud backend, in any phase; ' +
      'n is exchanges sent, and the row also tells how many of them were local-only',
    'local-only sent to the cloud',
    '社内限定の社外送信',
  ),
  share_local: shared(
    'higher',
    'answered by a local backend at the first try / exchanges sent',
    'served locally',
    'ローカル処理率',
  ),
  share_cloud: shared(
    'lower',
    'routed to a cloud backend first, by plan / exchanges sent',
    'sent to the cloud by plan',
    '計画どおりのクラウド処理率',
  ),
  share_failed_over: shared(
    'lower',
    'answered after another backend failed, or while its breaker was open / exchanges sent',
    'failed over',
    'フェイルオーバー率',
  ),
  circuit_open: counted(
    'answered elsewhere at once, because the circuit of a better backend was open; part of ' +
      'share_failed_over, without a failed attempt of its own; n is exchanges sent',
    'met an open circuit',
    '遮断中のため即時切替',
  ),
  share_spilled: shared(
    'lower',
    'answered elsewhere because a healthy backend was full or cold / exchanges sent',
    'spilled',
    'クラウドへの迂回率',
  ),
} as const satisfies Record<string, Metric>;

const cost = {
  cost_actual: single(
    'USD',
    'total',
    'lower',
    'what the attempts cost, failed ones included',
    'cost of the cloud',
    'クラウド費用',
  ),
  cost_counterfactual: single(
    'USD',
    'total',
    'lower',
    'the same answers, all from one cloud model; value is the middle of the interval, ' +
      'which runs from the observed share of cached input to none',
    'cost if all cloud',
    '全てクラウドの場合',
  ),
  capacity_value: single(
    'USD',
    'total',
    'higher',
    'the part of cost_counterfactual that was answered locally, within the limits',
    'capacity value',
    'クラウド換算額（節約額ではない）',
  ),
  cost_energy: single(
    'JPY',
    'total',
    'lower',
    '(idleWatts × idle time + busyWatts × busy time) × tariff; busy while a local attempt is open',
    'electricity',
    '電気代',
  ),
  cost_amortisation: single(
    'JPY',
    'total',
    'lower',
    'capex / lifeMonths, for |W|; a month is 730 h',
    'amortisation',
    '償却',
  ),
} as const satisfies Record<string, Metric>;

const table = {
  ...timing,
  ...rate,
  ...count,
  ...failover,
  ...trial,
  ...outage,
  ...healthy,
  ...cost,
} as const;

export type MetricId = keyof typeof table;

/** Every metric with its id, in the order of a table. */
export const metrics: readonly (Metric & { readonly id: MetricId })[] = Object.keys(table)
  .filter((id) => isMetricId(id))
  .map((id) => Object.assign({ id }, table[id]));

/** The metric of that id. */
export const metricOf = (id: MetricId): Metric => table[id];

/** The metric of a name that may be none. */
export const metricById = (id: string): Metric | undefined =>
  isMetricId(id) ? table[id] : undefined;

export function isMetricId(id: string): id is MetricId {
  return Object.hasOwn(table, id);
}

/** Id, formula and unit of each metric, as a run's manifest records them. */
export const definitions = (): { id: string; formula: string; unit: string }[] =>
  metrics.map(({ id, formula, unit }) => ({ id, formula, unit }));
