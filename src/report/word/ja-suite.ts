/** What a report says about failover suites, in Japanese. */

import type { FaultPlace } from '../../analysis/family.ts';
import type { SuiteExpectation } from '../../log/entry.ts';
import { decimal, milliseconds } from '../format.ts';
import type { SuiteWords } from './suite.ts';

const places: Readonly<Record<FaultPlace, string>> = {
  network: '通信',
  http: 'HTTP',
  stream: 'ストリーム',
  backend: 'バックエンド',
  other: 'その他',
};

const chances: Readonly<Record<SuiteExpectation, string>> = {
  transparent: '本文前',
  continued: '本文途中',
  unaffected: '切替不要',
  error: 'エラーが妥当',
};

export const japaneseSuite: SuiteWords = {
  heading: {
    matrix: 'フェイルオーバーの一覧表',
    comparison: 'プロキシの比較',
    lost: '他が上回った行',
    config: 'それぞれの設定',
  },
  standing: {
    'not-exercised': '未実施',
    harmed: '気づかれない破損',
    wrong: '想定と異なる',
    partly: '一部が想定どおり',
    held: '想定どおり',
  },
  expectation: {
    transparent: '何もなかったように回答が届く',
    continued: '回答が続く',
    unaffected: '切り替えない',
    error: 'エラー応答',
  },
  label: {
    fault: '障害',
    result: '結果',
    asExpected: '想定どおり',
    failover: 'フェイルオーバー',
    parts: '検知まで・切替判断・再開まで（p50）',
    penalty: '上乗せ',
    overshoot: '期限からの超過',
    tokens: 'トークンの欠落／重複／破棄',
    attempts: '試行回数',
    settle: '切り戻しまで（確認間隔の倍数）',
    mean: '平均',
    most: '最大',
    unknown: '不明',
    harmed: '気づかれない破損',
    falseFailover: '誤った切替',
    ours: 'Spillway',
    theirs: '比較相手',
    defaults: '文書どおりの既定値',
    tuned: '調整済み',
    figure: '指標',
  },
  family: (place, expect) => `${places[place]}・${chances[expect]}`,
  allRows: 'すべての行',
  rowsAsExpected: '想定どおりの行数と、最も悪かった行',
  note:
    '問題のあった行から順に並べています。○ すべて想定どおり、△ 一部、× なし、‼ 通知なしに途切れ・' +
    '重複・混在・応答なしがあった、? 障害が一度も起きなかった。上乗せは、同じ入力を代替へ直接送った' +
    '場合との、最初のトークンまでの差です。≤ は 95 % 信頼の上限で、試行が少なく値そのものを出せない' +
    '場合に示します。不明は、比較相手のプロキシが示さず、外からも観測できなかったものです。',
  expects: (expectation) => `想定：${expectation}`,
  exercised: (exercised, played) =>
    played === 0 ? '試行なし' : `${decimal(played)} 回中 ${decimal(exercised)} 回で障害が発生`,
  notPlayed: (amount) => `${decimal(amount)} 行は試行なし`,
  held: (held, all) => `${decimal(all)} 行中 ${decimal(held)} 行が想定どおり`,
  atMost: (value) => `≤ ${value}`,
  never: (amount) => `期間内に戻らず：${decimal(amount)}`,
  pastDeadline: (lateMs, isPercentile) =>
    lateMs < 0
      ? `期限の ${milliseconds(-lateMs)} 以上前${isPercentile ? '（p99）' : ''}`
      : `期限からの超過は${isPercentile ? ' p99' : '最大'} ${milliseconds(lateMs)}`,
  deadlines: (scale) => `期限は本番の ${scale} 倍です。`,
  control: ({ control }, share) => {
    const n = control.find(({ id }) => id === 'false_failover')?.n ?? 0;
    const failed = control.find(({ id }) => id === 'failed')?.value ?? 0;
    return (
      `対照（障害なし）：${decimal(n)} 件のうち ${share} が理由なく切り替わりました` +
      `${failed === 0 ? '' : `（失敗 ${decimal(failed)} 件）`}。`
    );
  },
  whyLost: {
    'as-expected': '想定どおりの割合が高い',
    failover: 'フェイルオーバーが速い',
    overshoot: '期限からの超過が短い',
    attempts: '試行回数が少ない',
  },
  noneLost: 'ありません。信頼区間を超えて上回ったものはありませんでした。',
  comparisonNote:
    '同じ障害、同じ入力、同じ中継で比べています。外から観測できないものは不明です。' +
    '期限からの超過は、設定した期限を過ぎてから次のバックエンドに送られるまでの時間です。',
};
