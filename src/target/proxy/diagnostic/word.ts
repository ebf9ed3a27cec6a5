/** What the page says, in English and Japanese. */

import type { FailureReason } from '../../../protocol/generation.ts';
import type { Language } from '../../../diagnosis/word/language.ts';
import type { BackendHealth } from '../backend.ts';

export interface PageWords {
  readonly title: string;
  readonly servingNow: string;
  readonly serving: string;
  readonly nobody: string;
  readonly lastSwitch: string;
  readonly noSwitch: string;
  readonly backends: string;
  readonly failovers: string;
  readonly noFailovers: string;
  readonly today: (day: string) => string;
  readonly noRequests: string;
  readonly configuration: string;
  readonly looking: string;
  readonly unreachable: string;
  readonly lostTouch: string;
  readonly draining: string;
  readonly inFlight: string;
  readonly uptime: string;
  readonly slots: string;
  readonly queued: string;
  readonly circuit: string;
  /** Heads what no waiting mends. */
  readonly alarm: string;
  /** Of a model that is shut out while its backend is not. */
  readonly shutOut: string;
  /** Closes a list of which not all is shown. */
  readonly more: (count: number) => string;
  readonly secondOpinions: (alive: number, dead: number) => string;
  readonly withheld: (retries: number) => string;
  readonly stateProblem: (what: string) => string;
  readonly time: string;
  readonly model: string;
  readonly fromTo: string;
  readonly reason: string;
  readonly took: string;
  readonly tookSeconds: (seconds: string) => string;
  readonly continued: string;
  readonly failedToo: string;
  readonly requests: string;
  readonly failed: string;
  readonly tokensIn: string;
  readonly tokensOut: string;
  readonly localShare: string;
  readonly paid: string;
  readonly unpriced: string;
  readonly capacityValue: string;
  /** `configured` stands for the fallback in the file. */
  readonly capacityNote: (model: string) => string;
  readonly total: string;
  readonly opened: string;
  readonly closed: string;
  readonly residency: Readonly<Record<'local' | 'cloud', string>>;
  readonly breaker: Readonly<Record<BackendHealth['breaker'], string>>;
  readonly ago: (ms: number) => string;
  readonly span: (ms: number) => string;
  readonly reasonOf: (reason: string | undefined) => string;
}

type Reasons = Readonly<Partial<Record<FailureReason, string>>>;

const englishReasons: Reasons = {
  refused: 'connection refused',
  unreachable: 'unreachable',
  tls: 'TLS failed',
  reset: 'connection reset',
  closed: 'connection closed',
  truncated: 'answer cut short',
  'first-token-deadline': 'no first token in time',
  'stall-deadline': 'stalled mid-answer',
  status: 'HTTP error',
  'rate-limited': 'rate limited',
  overloaded: 'overloaded',
  garbled: 'garbled answer',
  'in-band': 'error in the stream',
  'prompt-cut': 'prompt was cut',
  'bad-seam': 'bad seam',
};

const japaneseReasons: Reasons = {
  refused: '接続拒否',
  unreachable: '到達不能',
  tls: 'TLS 失敗',
  reset: '接続リセット',
  closed: '接続切断',
  truncated: '回答の途中終了',
  'first-token-deadline': '最初のトークンが期限内に届かず',
  'stall-deadline': '回答の途中で停止',
  status: 'HTTP エラー',
  'rate-limited': 'レート制限',
  overloaded: '過負荷',
  garbled: '不正な応答',
  'in-band': 'ストリーム内のエラー',
  'prompt-cut': 'プロンプトの切り捨て',
  'bad-seam': '継ぎ目の不一致',
};

const wordedWith =
  (reasons: Readonly<Record<string, string | undefined>>, unknown: string) =>
  (reason: string | undefined): string =>
    reason === undefined ? unknown : (reasons[reason] ?? reason);

/** Whole units, the two largest: `2 h 5 min`, `38 s`. */
const spanWith =
  (units: readonly [day: string, hour: string, minute: string, second: string], gap: string) =>
  (ms: number): string => {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    const parts = [
      Math.floor(seconds / 86_400),
      Math.floor(seconds / 3600) % 24,
      Math.floor(seconds / 60) % 60,
      seconds % 60,
    ];
    const first = parts.findIndex((part) => part > 0);
    if (first < 0) return `0${units[3]}`;
    return parts
      .slice(first, first + 2)
      .map((part, at) => `${part}${units[first + at] ?? ''}`)
      .filter((_, at) => at === 0 || (parts[first + at] ?? 0) > 0)
      .join(gap);
  };

const englishSpan = spanWith([' d', ' h', ' min', ' s'], ' ');
const japaneseSpan = spanWith([' 日', ' 時間', ' 分', ' 秒'], ' ');

export const pageWords: Readonly<Record<Language, PageWords>> = {
  en: {
    title: 'Diagnostics',
    servingNow: 'Serving now',
    serving: 'serving',
    nobody: 'nobody',
    lastSwitch: 'Last switch',
    noSwitch: 'none since the start',
    backends: 'Backends',
    failovers: 'Last failovers',
    noFailovers: 'None since the start.',
    today: (day) => `Today, ${day} (UTC)`,
    noRequests: 'No requests yet.',
    configuration: 'Configuration',
    looking: 'looking …',
    unreachable: 'cannot be reached',
    lostTouch: 'No answer from Spillway: what you see is old.',
    draining: 'draining',
    inFlight: 'in flight',
    uptime: 'up',
    slots: 'slots',
    queued: 'queued',
    circuit: 'circuit',
    alarm: 'To be mended',
    shutOut: 'Model shut out',
    more: (count) => `and ${count} more`,
    secondOpinions: (alive, dead) => `asked again while silent: ${alive} answered, ${dead} did not`,
    withheld: (retries) => `retries withheld: ${retries}`,
    stateProblem: (what) => `the state cannot be kept: ${what}`,
    time: 'time',
    model: 'model',
    fromTo: 'from → to',
    reason: 'reason',
    took: 'to first token',
    tookSeconds: (seconds) => `${seconds} s to the first token`,
    continued: 'continued mid-answer',
    failedToo: 'failed as well',
    requests: 'requests',
    failed: 'failed',
    tokensIn: 'tokens in',
    tokensOut: 'tokens out',
    localShare: 'local share of tokens',
    paid: 'paid to the cloud',
    unpriced: 'and some without a known price',
    capacityValue: 'capacity value',
    capacityNote: (model) =>
      'Capacity value: what the tokens served locally would have cost with ' +
      `${model === 'configured' ? 'the configured fallback' : model}. Not money saved.`,
    total: 'total',
    opened: 'circuit opened',
    closed: 'is back',
    residency: { local: 'local', cloud: 'cloud' },
    breaker: { closed: 'closed', open: 'open', 'half-open': 'half-open' },
    ago: (ms) => `${englishSpan(ms)} ago`,
    span: englishSpan,
    reasonOf: wordedWith(englishReasons, 'unknown'),
  },
  ja: {
    title: '診断',
    servingNow: '現在の応答元',
    serving: '応答中',
    nobody: 'なし',
    lastSwitch: '直近の切替',
    noSwitch: '起動後の切替はありません',
    backends: 'バックエンド',
    failovers: '直近のフェイルオーバー',
    noFailovers: '起動後のフェイルオーバーはありません。',
    today: (day) => `本日 ${day}（UTC）`,
    noRequests: '要求はまだありません。',
    configuration: '設定',
    looking: '確認中…',
    unreachable: '到達できません',
    lostTouch: 'Spillway から応答がありません。表示は古い内容です。',
    draining: '停止処理中',
    inFlight: '処理中',
    uptime: '稼働',
    slots: 'スロット',
    queued: '待ち',
    circuit: 'ブレーカー',
    alarm: '要対応',
    shutOut: '遮断中のモデル',
    more: (count) => `ほか ${count} 件`,
    secondOpinions: (alive, dead) => `無応答時の再確認：応答あり ${alive}、応答なし ${dead}`,
    withheld: (retries) => `再試行の見送り：${retries}`,
    stateProblem: (what) => `状態を保存できません：${what}`,
    time: '時刻',
    model: 'モデル',
    fromTo: '切替元 → 先',
    reason: '理由',
    took: '再開まで',
    tookSeconds: (seconds) => `再開まで ${seconds} 秒`,
    continued: '回答の途中から継続',
    failedToo: '切替先も失敗',
    requests: '要求',
    failed: '失敗',
    tokensIn: '入力トークン',
    tokensOut: '出力トークン',
    localShare: '出力トークンのローカル比率',
    paid: 'クラウドへの支払い',
    unpriced: 'ほかに単価不明のものあり',
    capacityValue: 'クラウド換算額',
    capacityNote: (model) =>
      'クラウド換算額（節約額ではない）：ローカルで処理したトークンを' +
      `${model === 'configured' ? '設定済みのフォールバック先' : ` ${model} `}の単価で換算した額です。`,
    total: '合計',
    opened: '遮断',
    closed: '復帰',
    residency: { local: 'ローカル', cloud: 'クラウド' },
    breaker: { closed: '通常', open: '遮断中', 'half-open': '試行中' },
    ago: (ms) => `${japaneseSpan(ms)}前`,
    span: japaneseSpan,
    reasonOf: wordedWith(japaneseReasons, '不明'),
  },
};
