/** What a report says about outages and deadlines, in Japanese. */

import { decimal, dollars, milliseconds, percent } from '../format.ts';
import type { OutageWords } from './outage.ts';

export const japaneseOutage: OutageWords = {
  heading: { outage: '停止の経過', tradeOff: '最初のトークンの期限の選び方' },
  label: {
    outage: '停止',
    trip: '遮断まで',
    paid: '検知を待った要求',
    probes: '復帰の確認（うち利用者）',
    failback: '切り戻しまで',
    phase: '復旧の時点',
    flaps: '再遮断',
    firstToken: '最初のトークン（復帰後／停止前）',
    lost: '失われた要求・秒',
    tokens: 'トークンの破棄／二重読み込み',
    bill: 'クラウド費用',
    fault: '障害',
    circuit: '遮断の状態',
    requests: '要求',
    sinceFault: '障害の開始からの時間（秒）',
    probing: '復帰の確認',
    deadline: '最初のトークンの期限（秒、対数目盛）',
    needless: '誤って切り替わる割合（%、対数）',
    atMost: '上限（95 % 信頼）',
    observed: '観測値',
  },
  circuit: { closed: '通常', open: '遮断中', 'half-open': '試行中' },
  note:
    '障害の開始から、バックエンドが再び使われるまでの範囲です。復旧の時点は、2回の確認の間のどこで' +
    '障害が終わったかを示します（0 は確認の直後で、切り戻しが最も遅くなります）。失われた要求・秒は、' +
    '正常に終わらなかった要求の割合を時間で足し合わせたものです。',
  sum: (row) =>
    [
      `${row.backend}（${row.what}、faults[${row.fault}]）：` +
        (row.timeToTripMs === undefined ? '遮断なし' : `${milliseconds(row.timeToTripMs)} で遮断`),
      `検知を待った要求 ${decimal(row.paidCount)} 件`,
      `復帰の確認 ${decimal(row.probeCount)} 回（うち利用者 ${decimal(row.userProbeCount)} 件）`,
      `再遮断 ${decimal(row.flapCount)} 回`,
      `失われた要求・秒 ${decimal(row.unavailabilityMs / 1000)}`,
      `二重に読んだ入力 ${decimal(row.doublePrefillTokens)} トークン、破棄 ` +
        `${decimal(row.discardedTokens)} トークン`,
      ...(row.cloudUsd === undefined ? [] : [`クラウド費用 ${dollars(row.cloudUsd)}`]),
    ].join('；'),
  choice: ({ backend, model, n, slowestMs, fallbackMs, picks }) =>
    [
      `${backend}、${model}：正常な回答 ${decimal(n)} 件` +
        (slowestMs === undefined
          ? '（期限で打ち切られたものを含みます）。'
          : `、最も遅い最初のトークンは ${milliseconds(slowestMs)}。`),
      ...picks.map(({ ratio, deadlineMs, needs }) =>
        deadlineMs === undefined
          ? `誤った切替を ${percent(ratio)} 以下に抑える期限：非表示（期限を超えない正常な回答が ` +
            `${decimal(needs)} 件必要）。`
          : `誤った切替を ${percent(ratio)} 以下に抑える期限：${milliseconds(deadlineMs)}。` +
            `停止した本体では、利用者は毎回この時間だけ待ち` +
            (fallbackMs === undefined
              ? 'ます。'
              : `、代替の応答までさらに ${milliseconds(fallbackMs)} 待ちます。`),
      ),
    ].join(''),
  choiceNote:
    '障害の影響を受けていない試行の、最初のトークンまでの時間から求めました。入力の長さや混み具合が' +
    '変われば、曲線も動きます。',
};
