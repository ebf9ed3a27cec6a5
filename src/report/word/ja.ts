/** Everything a report says, in Japanese. */

import { decimal } from '../format.ts';
import { advisory, failback, invalidity, withheld } from './ja-remark.ts';
import { japaneseOutage } from './ja-outage.ts';
import { japaneseSuite } from './ja-suite.ts';
import type { Words } from './language.ts';

export const japanese: Words = {
  language: 'ja',
  comma: '、',
  semicolon: '／',
  unit: {
    ms: 'ms',
    ratio: '',
    count: '',
    tokens: 'トークン',
    'tokens/s': 'トークン/秒',
    'requests/s': '件/秒',
    'attempts/request': '試行/件',
    periods: '間隔分',
    USD: 'USD',
    JPY: 'JPY',
  },
  suite: japaneseSuite,
  outages: japaneseOutage,
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
    continued: '代替が続きを生成',
    error: 'エラー応答',
    truncated: 'エラー通知なしの中断',
    hung: '応答なし',
    repeated: '文の重複',
    mixed: '文の混在',
    misrouted: '不要な切替',
    waited: '待って継続',
    unaffected: '影響なし',
  },
  reason: {
    refused: '接続拒否',
    unreachable: '到達不能',
    tls: 'TLS',
    reset: 'リセット',
    closed: '途中で切断',
    truncated: '終端なし',
    'first-token-deadline': '最初のトークンの期限切れ',
    'stall-deadline': '停止の期限切れ',
    status: 'エラーステータス',
    'rate-limited': 'レート制限',
    overloaded: '過負荷',
    garbled: '形式不正',
    'in-band': 'ストリーム内エラー',
    'prompt-cut': '入力の切り捨て',
    'bad-seam': '継ぎ目の不一致',
  },
  codeNote: {
    local_only_unavailable:
      '使えるローカルのバックエンドがなく、社内限定の要求のためクラウドには送らずに断りました',
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
  phase: { warmup: 'ウォームアップ', steady: '計測', cooldown: 'クールダウン', done: '終了' },
  objectivesMet: (met, all) => `目標 ${decimal(all)} 件中 ${decimal(met)} 件を達成`,
  withheld,
  invalidity,
  advisory,
  heading: {
    warnings: '数値を読む前に',
    keyFigures: '主な数値',
    byArm: '条件の比較',
    allFigures: 'すべての数値',
    failure: '失敗の内訳（ワークロードとコード別）',
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
    interval: '95 % 信頼区間',
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
    visibleGap: '表示の停止時間',
    errorAfter: 'エラーまで',
    untilError: 'エラー通知まで',
    failoverSeconds: '障害からの時間（秒）',
    workload: 'ワークロード',
    code: 'コード',
    lost: '欠落',
    repeated: '重複',
    discarded: '破棄',
    switched: '切替元 → 先',
    elapsed: '開始からの時間（秒）',
    outputRate: '出力（トークン/秒）',
    finished: '完了した回答数',
    failed: '失敗',
    unknownBackend: '不明',
    faultWindow: '障害の期間',
    share: '回答の割合（%）',
    firstText: '最初の文字まで（秒、対数目盛）',
    limit: '上限',
    perAnswerRate: '回答ごとの生成速度（トークン/秒）',
    backend: 'バックエンド',
    part: '内訳',
    low: '下限',
    high: '上限',
    counterfactual: '比較対象',
    model: 'モデル',
    priceDate: '単価の基準日',
    source: '出典',
    ownPrice: '自社指定の単価',
    configured: '設定どおり',
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
    phases: 'フェーズ',
    think: '思考時間の倍率',
    limits: '要求ごとの上限',
    plan: '計画',
    backends: 'バックエンド',
    prices: '使用した単価',
    box: '本体',
    exchangeRate: '為替レート',
    resolved: '適用された設定',
    real: '実機',
  },
  chart: {
    timeline: {
      title: '利用者に届いたトークンと生成元',
      howToRead:
        '上：利用者に届いた出力トークン（生成したバックエンド別）。下：完了した回答数。' +
        '帯は障害の期間、▼ は障害が実際に起きた瞬間です。' +
        '保留されていた思考のトークンは、届いた時ではなく生成された時に置いています。',
    },
    firstToken: {
      title: '最初の文字が出るまでの待ち時間',
      howToRead:
        '横軸の時間までに最初の文字が届いた回答の割合です。横軸は対数目盛で、左にあるほど速いことを示します。',
    },
    tokenRate: {
      title: '回答ごとの生成速度',
      howToRead:
        '縦線1本が1回答で、2 トークン目以降の毎秒トークン数です。大きな印は中央値、' +
        '横棒は 95 % 信頼区間（ある場合）。右ほど速いことを示します。',
    },
    failover: {
      title: 'フェイルオーバーにかかった時間の内訳',
      howToRead:
        '障害が起きた要求ごとに1本。プロキシが気づくまで（検知まで）、次のバックエンドに' +
        '送るまで（切替判断）、文字が再び届くまで（再開まで）の順です。' +
        '再開しなかったものは、エラーが伝わるまでを示します。',
    },
    cost: {
      title: 'ローカルで処理した回答のクラウド換算額',
      howToRead:
        'ローカルで処理した回答を各クラウドモデルの単価で計算した額です。' +
        '淡い部分は、入力のキャッシュが観測どおりの場合から、まったく効かない場合までの幅です。',
    },
    arm: {
      title: '条件の比較',
      howToRead: '最初の文字までの中央値と、回答ごとの生成速度の中央値です。線は信頼区間です。',
    },
    overview: {
      title: '障害の系統別の結果',
      howToRead:
        '1行が障害の1系統（起きる場所と、取れる手段）です。各欄は想定どおりだった行の数で、' +
        'その下は最も悪かった行です。緑は想定どおり、オレンジは一部だけ想定どおり、赤は想定と' +
        '異なるか、通知なしに利用者が被害を受けたものです。',
    },
    matrix: {
      title: '障害ごとの結果',
      howToRead:
        '1行が1つの障害で、問題のあった行から順に並べています。数字はその結果になった回数、' +
        '色が濃いほど割合が高いことを示します。緑は想定どおり、オレンジは想定と異なるもの、' +
        '赤は通知なしに利用者が被害を受けたものです。',
    },
    outage: {
      title: '停止から切り戻しまでの経過',
      howToRead:
        '上から、障害の期間、バックエンドの遮断の状態、復帰の確認（塗りつぶしは応答あり）、' +
        '各要求に応答したバックエンドです。',
    },
    tradeOff: {
      title: '最初のトークンの期限ごとの代償',
      howToRead:
        '実線は、正常なのに期限で切り替わる回答の割合の上限（95 % 信頼）、破線は観測値です。' +
        '停止した本体では、利用者は期限と同じ時間だけ待ちます。左下ほど良く、' +
        '曲線の下端より先を示すには、より多くの回答が必要です。',
    },
  },
  aside: (text) => `（${text}）`,
  seconds: (amount) => `${amount} 秒`,
  after: (duration) => `${duration} 後`,
  amongLocalOnly: (amount) =>
    amount === 0 ? '社内限定の要求なし' : `社内限定 ${decimal(amount)} 件のうち`,
  allPhases: '全フェーズ',
  gap: (seconds) => `${seconds}後`,
  failedOf: (failed, all) => `${decimal(all)} 件中 ${decimal(failed)} 件が失敗`,
  faulted: (amount) => `障害 ${decimal(amount)} 件`,
  failback,
  openCircuit: (amount) =>
    `${decimal(amount)} 件は遮断中だったため、障害に当たらずすぐに切り替わりました（ここには行がありません）。`,
  inFile: (amount, file) => `全 ${decimal(amount)} 件は ${file} にあります。`,
  ofArm: (backend, arm) => `${backend}（条件 ${arm}）`,
  untilDone: (most) => `全会話の終了まで、最長 ${most}`,
  costNote:
    '負荷試験の実行自体で費用が下がるわけではありません。クラウド換算額は、この実行でローカルが' +
    '処理した回答をクラウドのモデルに任せた場合の費用です。' +
    '入力キャッシュの効き方で変わるため範囲で示します。',
  costNotIncluded:
    '含まないもの：本体の運用の手間、回線、サポート、比較したモデル間の品質やトークナイザーの違い。',
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
