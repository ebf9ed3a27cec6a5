/** Everything a report says, in Japanese. */

import type { Advisory, Invalidity, Withheld } from '../../analysis/analysis.ts';
import { decimal, milliseconds, percent } from '../format.ts';
import type { Words } from './language.ts';

const withheld = (reason: Withheld): string => {
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

const invalidity = (why: Invalidity): string => {
  switch (why.kind) {
    case 'harness-late':
      return (
        `計測側に遅れがありました。送信が予定より最大 ${milliseconds(why.p99Ms)}（p99）遅れ、` +
        `上限の ${milliseconds(why.limitMs)} を超えています。数値は信用できません。`
      );
    case 'load-thread-busy':
      return (
        `負荷を作るスレッドの使用率が ${percent(why.utilisationRatio)} に達しました。` +
        `計測側がボトルネックだった可能性があります。`
      );
    case 'fault-never-acted':
      return `障害 ${why.fault} は条件 ${why.arm} で一度も発生しませんでした。確かめたい動作は試されていません。`;
  }
};

const advisory = (advisory: Advisory): string => {
  switch (advisory.kind) {
    case 'harness-late':
      return (
        `計測側の送信に最大 ${milliseconds(advisory.p99Ms)}（p99）の遅れがありました` +
        `（最初の文字までの中央値は ${milliseconds(advisory.medianTtfoMs)}）。`
      );
    case 'arrivals-dropped':
      return `条件 ${advisory.arm} で、同時実行数の上限のため ${decimal(advisory.count)} 件を送信できませんでした。`;
    case 'figures-withheld':
      return `標本が足りないため、${decimal(advisory.count)} 個の数値を表示していません。`;
    case 'log-cut':
      return `実行ログが ${decimal(advisory.lines)} 行で途切れています。残った範囲だけを集計しました。`;
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
      return `${advisory.backend} の速度モデルには推定が含まれます：${advisory.basis}`;
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
        `${advisory.backend} の回答 ${decimal(advisory.count)} 件はまとめて届きました。` +
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

export const japanese: Words = {
  language: 'ja',
  comma: '、',
  unit: {
    ms: 'ms',
    ratio: '',
    count: '',
    tokens: 'トークン',
    'tokens/s': 'トークン/秒',
    'requests/s': '件/秒',
    'attempts/request': '試行/件',
    USD: 'USD',
    JPY: 'JPY',
  },
  simulated: 'シミュレーション',
  simulatedLong:
    'シミュレーション：一部またはすべてのバックエンドは実機のモデルです。' +
    '数値は仕組みの動きを示すもので、実機の測定値ではありません。',
  partial: '途中まで：実行は最後まで終わっていません',
  verdict: {
    passed: '合格',
    missed: '目標未達',
    undecided: '判定不能',
    invalid: '無効な実行',
    partial: '途中までの結果',
    'no-objectives': '測定のみ',
  },
  verdictLong: {
    passed: 'すべての目標を満たしました。',
    missed: '満たせなかった目標があります。',
    undecided: 'この実行だけでは判定できない目標があります。',
    invalid: '下記の理由により、この実行の数値は信用できません。',
    partial: '実行が途中で終わりました。数値は終わった範囲のものです。',
    'no-objectives': 'このシナリオには目標がないため、合否はありません。',
  },
  decision: { met: '達成', missed: '未達', undecided: '判定不能' },
  outcome: {
    transparent: '途切れなし',
    continued: '途切れなし・継続',
    error: 'エラー応答',
    truncated: '通知なく途切れ',
    hung: '応答なし',
    repeated: '文の重複',
    mixed: '文の混在',
    misrouted: '不要な切替',
    unaffected: '影響なし',
  },
  stat: {
    p50: 'p50',
    p90: 'p90',
    p95: 'p95',
    p99: 'p99',
    min: '最小',
    max: '最大',
    mean: '平均',
    count: '件数',
    total: '合計',
    ratio: '割合',
    rate: '毎秒',
  },
  servedAs: {
    local: 'ローカル',
    cloud: 'クラウド',
    'failed-over': 'フェイルオーバー',
    spilled: 'クラウドへ迂回',
    failed: '失敗',
    unknown: '不明',
  },
  phase: { warmup: '準備', steady: '計測', cooldown: '終了処理', done: '終了' },
  objectivesMet: (met, all) => `目標 ${decimal(all)} 件中 ${decimal(met)} 件を達成`,
  withheld,
  invalidity,
  advisory,
  heading: {
    warnings: '数値を読む前に',
    keyFigures: '主な数値',
    byArm: '条件の比較',
    allFigures: 'すべての数値',
    timeline: '時間の流れ',
    firstToken: '最初の文字まで',
    tokenRate: 'トークン速度',
    failover: 'フェイルオーバー',
    cost: '節約額',
    setup: '測定条件',
    definitions: '指標の定義',
    files: 'ファイル',
  },
  label: {
    arm: '条件',
    figure: '指標',
    value: '値',
    interval: '95 % 区間',
    samples: 'n',
    where: '対象',
    objective: '目標',
    result: '判定',
    measured: '測定値',
    exchange: '要求',
    fault: '障害',
    outcome: '結果',
    detect: '検知まで',
    decide: '切替判断',
    refill: '再開まで',
    total: 'フェイルオーバー',
    sum: '合計',
    visibleGap: '画面の停止',
    lost: '欠落',
    repeated: '重複',
    discarded: '破棄',
    switched: '切替元 → 先',
    elapsed: '開始からの時間（秒）',
    outputRate: '出力（トークン/秒）',
    finished: '終わった回答',
    failed: '失敗',
    unknownBackend: '不明',
    faultWindow: '障害の期間',
    share: '回答の割合（%）',
    firstText: '最初の文字まで（秒、対数目盛）',
    limit: '上限',
    perAnswerRate: '1回答の速さ（トークン/秒）',
    backend: 'バックエンド',
    part: '内訳',
    low: '下限',
    high: '上限',
    counterfactual: '比較対象',
    model: 'モデル',
    priceDate: '単価の日付',
    source: '出典',
    allCloud: 'すべてクラウドの場合',
    capacityValue: 'クラウド換算額（節約額ではない）',
    paid: 'クラウドへの支払い',
    paidSimulated: 'クラウド費用（実環境なら）',
    energy: '電気代',
    amortisation: '購入費の按分',
    amount: '金額（USD）',
    inflight: '同時実行数の最大',
    none: '–',
    allExchanges: '全体',
    data: 'このグラフのデータ',
    id: 'id',
    formula: '計算式',
    unit: '単位',
    perMillion: 'USD / 100 万トークン',
    input: '入力',
    cachedInput: 'キャッシュ済み入力',
    output: '出力',
  },
  setup: {
    description: '実施内容',
    command: '再実行のコマンド',
    seed: 'シード',
    version: 'Spillway',
    run: '実行 ID',
    started: '開始時刻',
    placement: 'プロキシの設置場所',
    target: '対象',
    machine: '計測側のマシン',
    clock: '時計の分解能',
    phases: '区間',
    think: '思考時間の倍率',
    limits: '要求ごとの上限',
    plan: '計画',
    backends: 'バックエンド',
    prices: '使用した単価',
    box: '機材',
    exchangeRate: '為替レート',
    resolved: '解決後のシステムとシナリオ',
    real: '実機',
  },
  chart: {
    timeline: {
      title: '利用者に届いたものと、その出どころ',
      howToRead:
        '上：利用者に届いた出力トークン（生成したバックエンド別）。下：終わった回答の数。' +
        '帯は障害の期間、▼ は障害が実際に起きた瞬間です。',
    },
    firstToken: {
      title: '最初の文字が出るまでの待ち時間',
      howToRead:
        '横軸の時間までに最初の文字が届いた回答の割合です。横軸は対数目盛で、左にあるほど速いことを示します。',
    },
    tokenRate: {
      title: '1つの回答の速さ',
      howToRead:
        '縦線1本が1回答で、2 トークン目以降の毎秒トークン数です。大きな印は中央値、' +
        '横棒は 95 % 区間（ある場合）。右ほど速いことを示します。',
    },
    failover: {
      title: 'フェイルオーバーにかかった時間の内訳',
      howToRead:
        '障害が起きた要求ごとに1本。プロキシが気づくまで（検知まで）、次のバックエンドに' +
        '送るまで（切替判断）、文字が再び届くまで（再開まで）の順です。',
    },
    cost: {
      title: 'ローカルで処理した回答のクラウド換算額',
      howToRead:
        'ローカルで処理した回答を各クラウドモデルの単価で計算した額です。' +
        '淡い部分は、入力のキャッシュが観測どおりの場合から、まったく効かない場合までの幅です。',
    },
    arm: {
      title: '条件の比較',
      howToRead: '最初の文字までの中央値（区間つき）と、毎秒の出力トークン数です。',
    },
  },
  costNote:
    '負荷試験では何も節約されません。クラウド換算額は、この実行でローカルが処理した回答を' +
    'クラウドのモデルに任せた場合の費用です。入力キャッシュの仮定による幅で示します。',
  costNotIncluded:
    '含まないもの：機材の運用の手間、回線、サポート、比較したモデル間の品質やトークナイザーの違い。',
  noCost: 'この実行には、金額に換算できるものがありません。',
  noFailover: 'この実行では、障害の影響を受けた要求はありません。',
  noChart: 'このグラフに描くデータがありません。',
  noWarnings: '特記事項はありません。',
  onlySome: (shown, all) => `${decimal(all)} 件のうち最初の ${decimal(shown)} 件を表示しています。`,
  turnOf: (session, turn) => `s${session} t${turn}`,
  planned: (sessions, loop) =>
    `${decimal(sessions)} 会話（${{ open: '到着固定', closed: '人数固定', scripted: '台本どおり' }[loop]}）`,
  droppedCharacters: (characters) =>
    `同梱フォントにない文字（${characters}）は、PNG のグラフでは 〓 になります。SVG には残っています。`,
  filesNote:
    '各グラフは、編集できる Vega-Lite の定義、SVG、PNG としても実行フォルダーにあります。' +
    'このページの元データは、同じ場所の CSV です。',
};
