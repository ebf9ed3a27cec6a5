/** What a report remarks on, in Japanese: sentences made from what the analysis found. */

import type {
  Advisory,
  FailbackRow,
  Invalidity,
  Lateness,
  Withheld,
} from '../../analysis/analysis.ts';
import { decimal, milliseconds, percent } from '../format.ts';
import { manifestText } from './manifest-text.ts';

/** Why a figure is not given. */
export const withheld = (reason: Withheld): string => {
  switch (reason.why) {
    case 'too-few':
      return `非表示：n = ${decimal(reason.n)}（${decimal(reason.floor)} 以上必要）`;
    case 'no-data':
      return 'データなし';
    case 'buffered':
      return '非表示：生成どおりではなく、まとめて届いた回答のため';
    case 'unknown-outside':
      return '不明：このプロキシの外からは観測できません';
    case 'no-price':
      return `非表示：${reason.model} の単価が不明`;
    case 'no-fx':
      return '非表示：為替レートの指定なし';
  }
};

const mostOrPercentile = ({ isPercentile, lateMs, sentCount }: Lateness): string =>
  `${isPercentile ? 'p99' : '最大'} ${milliseconds(lateMs)}、n ${decimal(sentCount)}`;

/** Why the run cannot be trusted. */
export const invalidity = (why: Invalidity): string => {
  switch (why.kind) {
    case 'harness-late':
      return (
        `条件 ${why.arm} で計測側に遅れがありました。${decimal(why.sentCount)} 件中 ` +
        `${decimal(why.lateCount)} 件の送信が、予定より ${milliseconds(why.limitMs)} を超えて` +
        `遅れました（${mostOrPercentile(why)}）。数値は信用できません。`
      );
    case 'load-thread-busy':
      return (
        `負荷を作るスレッドの使用率が ${percent(why.utilisationRatio)} に達しました。` +
        `計測側がボトルネックだった可能性があります。`
      );
    case 'fault-never-acted':
      return `faults[${why.fault}] の障害は条件 ${why.arm} で一度も発生しませんでした。確かめたい動作は試されていません。`;
    case 'row-not-exercised':
      return (
        `${why.row} は条件 ${why.arm} で試されていません。` +
        (why.playedCount === 0
          ? '一度も実行されませんでした。'
          : `${decimal(why.playedCount)} 回の試行で障害が一度も起きませんでした。`)
      );
  }
};

/** What to know before believing it. */
export const advisory = (advisory: Advisory): string => {
  switch (advisory.kind) {
    case 'harness-late':
      return (
        `条件 ${advisory.arm} で計測側の送信が遅れました（${mostOrPercentile(advisory)}）。` +
        `最初の文字までの中央値は ${milliseconds(advisory.medianTtfoMs)} です。`
      );
    case 'arrivals-dropped':
      return `条件 ${advisory.arm} で、同時実行数の上限のため ${decimal(advisory.count)} 件を送信できませんでした。`;
    case 'figures-withheld':
      return `サンプル数が足りないため、${decimal(advisory.count)} 件の指標を表示していません。`;
    case 'log-cut':
      return logCut(advisory);
    case 'interrupted':
      return `実行が途中で終わりました（${advisory.why}）。終わった範囲だけの結果です。`;
    case 'spend-limit':
      return '費用の上限に達したため、クラウドへの送信を止めました。以降の結果はありません。';
    case 'drift':
      return (
        `条件 ${advisory.arm} は定常状態になっていません。最初の文字までの中央値が、` +
        `前半 ${milliseconds(advisory.firstHalfMs)} から後半 ` +
        `${milliseconds(advisory.secondHalfMs)} に変わりました。`
      );
    case 'extrapolated-profile':
      return `${advisory.backend} の速度モデルには推定が含まれます：${manifestText(advisory.basis, 'ja')}`;
    case 'think-scaled':
      return `思考時間を ${decimal(advisory.scale)} 倍に縮めています。実際の利用より会話が密です。`;
    case 'tokenizer-differs':
      return (
        `${advisory.backends.join(' と ')} はトークナイザーが異なります。` +
        `トークン速度をそのまま比べることはできません。`
      );
    case 'usage-estimated':
      return `バックエンドがトークン数を返さなかったため、${decimal(advisory.count)} 回分は推定値です。`;
    case 'leaked':
      return `社外送信：社内限定の要求が条件 ${advisory.arm} で ${decimal(advisory.count)} 件、クラウドに届きました。`;
    case 'buffered':
      return (
        advisory.answers
          .map(({ backend, count }) => `${backend} の回答 ${decimal(count)} 件`)
          .join('、') +
        `はまとめて届きました。` +
        `トークンの間隔は生成の速さを表しません。`
      );
    case 'no-price':
      return `${advisory.backend} の ${advisory.model} は単価が不明です。費用は 0 ではなく、集計に含まれていません。`;
    case 'price-old':
      return `単価は ${advisory.asOf} 時点のものです。変わっている可能性があります。`;
    case 'seam-quality-unmeasured':
      return '継ぎ目の前後で文章が自然につながっているかは測っていません。';
    case 'one-backend-failures':
      return `失敗 ${decimal(advisory.count)} 件は、すべて ${advisory.backend} で起きました。`;
  }
};

const logCut = ({
  lines,
  unreadable,
  hasEnd,
}: Extract<Advisory, { readonly kind: 'log-cut' }>): string =>
  `実行ログを ${decimal(lines)} 行読み取りました。` +
  (unreadable === 0 ? '' : `${decimal(unreadable)} 行は読み取れませんでした。`) +
  (hasEnd ? '末尾は残っています。' : '末尾がないため、それ以降の記録は失われています。');

/** When a backend was used again. */
export const failback = ({
  backend,
  what,
  fault,
  failbackMs,
  elsewhereCount,
}: FailbackRow): string => {
  const meanwhile =
    elsewhereCount === 0
      ? ''
      : `その間の ${decimal(elsewhereCount)} 件は ${backend} を使っていません。`;
  const whose = `${backend}（${what}、faults[${fault}]）`;
  return failbackMs === undefined
    ? `${whose}：障害が終わったあと、再び使われることはありませんでした。${meanwhile}`
    : `${whose}：障害が終わってから ${milliseconds(failbackMs)} 後に再び使われました。${meanwhile}`;
};
