/**
 * Sentences that a run's manifest holds, for readers of Japanese.
 *
 * A log is written once, in English, and read in either language. What it says of the scenario, of
 * the place of the proxy and of the speeds behind a simulation is made of few phrases; one that is
 * not known here stays as it is.
 */

import type { Language } from './language.ts';

/** The same in the reader's language. */
export const manifestText = (text: string, language: Language): string =>
  language === 'en'
    ? text
    : phrases.reduce((told, [phrase, japanese]) => told.replaceAll(phrase, japanese), text);

const phrases: readonly (readonly [RegExp, string])[] = [
  // Where the proxy stands.
  [/^edge: the proxy beside the load$/g, 'エッジ（負荷をかける側の隣）'],
  [/^foreign target$/g, '他のプロキシ'],

  // What the speeds of a simulation rest on.
  [
    /llama\.cpp (?:fit|profile) at ([\d.]+) of its decode speed/g,
    'llama.cpp のデコード速度の $1 倍',
  ],
  [/fitted; attention is not linear in depth/g, '実測値に適合、アテンションは深さに比例しない'],
  [/one published stream, batch from relatives/g, '公開された単独実行の値、バッチは近縁モデルから'],
  [/one stream fitted, batch from (\S+?)\)/g, '単独実行に適合、バッチは $1 から)'],
  [/derived \(([^()]*)\); /g, '推定（$1）、'],
  [/measured speed ([\d.]+) to ([\d.]+) of it/g, '実測はその $1〜$2 倍'],
  [/fitted to published batch tables/g, '公開されたバッチ別の実測値に適合'],
  [/; extrapolated above (\d+) sequences?/g, '、同時 $1 件を超える範囲は外挿'],
  [/: unknown\b/g, '：不明'],

  // What the scenario does.
  [
    /^failover suite: (\d+) faults, up to (\d+) trials/g,
    'フェイルオーバー試験：障害 $1 種、試行は最大 $2 回',
  ],
  [/^failover suite: (\d+) faults, (\d+) trials/g, 'フェイルオーバー試験：障害 $1 種、試行 $2 回'],
  [/ for each of ([^;]+)/g, '（条件：$1）'],
  [/; faults injected by hand$/g, '。障害は手動で注入'],
  [/^(\d+) arms: ([^;]*); /g, '$1 条件（$2）：'],
  [/([\d.]+) sessions\/s, (\w+)/g, '毎秒 $1 セッション、$2'],
  [/(\d+) sessions, one each ([^()]+)\)/g, '$1 セッション、$2 ごと)'],
  [/(\d+) at a time/g, '同時 $1 人'],
  [/ through the proxy to /g, ' → プロキシ → '],
  [/ \(simulated\)/g, '（シミュレーション）'],
  [/; faults: /g, '。障害：'],
  [/\bthe reader: /g, '読み手: '],
  [/(\)|）|\w) and (?=\w)/g, '$1、'],
];
