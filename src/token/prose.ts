/**
 * What business people write, in pieces: sentences with gaps, and words for the gaps.
 *
 * All of it was written for this project; no company, person or place is real. A sentence ends with
 * its full stop and starts with a letter.
 */

import { pick } from '../random/distribution.ts';
import type { Random } from '../random/random.ts';

/** The languages prompts are written in. */
export type Language = 'ja' | 'en';

interface Prose {
  readonly sentences: readonly string[];
  /** Words for `{who}`, `{what}`, `{when}`, `{where}`. */
  readonly gaps: Readonly<Record<string, readonly string[]>>;
}

const japanese: Prose = {
  sentences: [
    '{who}は{what}について、{when}までに結果を報告する予定です。',
    '{where}で{what}の点検を実施したところ、軽微な不具合が見つかりました。',
    '不具合の原因は現在調査中ですが、{what}の設定値が関係していると考えられます。',
    '{who}との打ち合わせでは、{what}の見直しを優先することで合意しました。',
    '作業を始める前に、{what}の手順書が最新版であることを確認してください。',
    '{when}の会議で、{what}に必要な予算の承認を得る必要があります。',
    '納期に影響が出る場合は、{who}へ速やかに連絡することとします。',
    '{what}の費用は当初の見積もりを一割ほど上回る見込みです。',
    '{where}の在庫が少なくなっているため、{who}が追加の発注を行いました。',
    'お客様からは{what}の対応が遅いとのご意見をいただいています。',
    '再発防止のため、{what}の確認を二人で行う運用に改めました。',
    '{who}から提出された資料には、一部の数値に誤りが含まれていました。',
    '修正後の資料は{when}に関係者へ配布し、あわせて説明会を開きます。',
    '{where}では安全確認が終わるまで、{what}に関する作業を中断しています。',
    '昨年度と比べると、{what}の件数は減少しましたが、対応時間は長くなっています。',
    '今後の進め方については、{who}の意見を踏まえて{when}に決定します。',
    '契約の更新にあたっては、{what}の条件を改めて確認する必要があります。',
    'なお、{what}に関する記録は五年間保管することが定められています。',
    '現場の担当者によると、{where}の温度は規定の範囲に収まっていました。',
    '{who}が作成した計画では、{what}を三つの段階に分けて進めることになっています。',
    '各部門は{when}までに、{what}の現状と課題をまとめて提出してください。',
    '新しい仕組みの導入により、{what}にかかる手間が半分程度になると見込んでいます。',
    '緊急の場合を除き、{where}への立ち入りには事前の申請が必要です。',
    '問い合わせの多くは{what}に関するもので、案内文の改善が求められています。',
  ],
  gaps: {
    who: [
      '品質管理課',
      '営業部',
      '製造部',
      '情報システム課',
      '総務部',
      '協力会社',
      '保全担当',
      '購買課',
    ],
    what: [
      '設備の更新',
      '受注処理',
      '検査記録',
      '冷却水ポンプ',
      '請求書の発行',
      '出荷手順',
      '安全教育',
      '部品の調達',
      '見積書の作成',
      '利用者登録',
      '搬送装置',
      '月次報告',
    ],
    when: ['今月末', '来週の水曜日', '四月十日', '次回の定例会', '年度末', '明日の午前中'],
    where: ['第二工場', '本社の倉庫', '組立ライン', '東側の機械室', '検査室', '資材置き場'],
  },
};

const english: Prose = {
  sentences: [
    'The {who} will report the results for the {what} by {when}.',
    'An inspection of the {what} in the {where} found a minor defect.',
    'The cause is still under investigation, but the settings of the {what} are suspected.',
    'In the meeting with the {who} we agreed to review the {what} first.',
    'Before work begins, check that the instructions for the {what} are the latest version.',
    'The budget for the {what} has to be approved before {when}.',
    'If the delivery date is at risk, the {who} must be told at once.',
    'The cost of the {what} is expected to exceed the first estimate by a tenth.',
    'Stock in the {where} is running low, so the {who} has placed another order.',
    'Customers have told us that our response about the {what} is too slow.',
    'To prevent a repetition, the {what} is now checked by two people.',
    'Some of the figures in the report of the {who} were wrong.',
    'The corrected report goes to everyone concerned on {when}, with a short briefing.',
    'Work on the {what} in the {where} is suspended until the safety check is complete.',
    'Compared with last year there were fewer cases about the {what}, but each took longer.',
    'How we go on will be decided on {when}, once the {who} has been heard.',
    'When the contract is renewed, the terms for the {what} need to be confirmed again.',
    'Records about the {what} have to be kept for five years.',
    'According to the staff on site, the temperature in the {where} was within its limits.',
    'The plan written by the {who} divides the {what} into three stages.',
    'Each department is asked to describe the state of the {what} by {when}.',
    'With the new system, the effort for the {what} should be cut roughly in half.',
    'Except in an emergency, entering the {where} requires permission in advance.',
    'Most of the questions we receive are about the {what}, so the guide should be improved.',
  ],
  gaps: {
    who: [
      'quality team',
      'sales department',
      'production team',
      'service desk',
      'general affairs office',
      'supplier',
      'maintenance crew',
      'purchasing department',
    ],
    what: [
      'equipment renewal',
      'order processing',
      'inspection record',
      'cooling pump',
      'monthly invoice',
      'shipping procedure',
      'safety training',
      'parts supply',
      'price estimate',
      'user registration',
      'conveyor',
      'monthly report',
    ],
    when: ['the end of the month', 'next Wednesday', 'April 10', 'the next meeting', 'Friday noon'],
    where: ['second plant', 'main warehouse', 'assembly line', 'machine room', 'test laboratory'],
  },
};

/** A sentence of business prose, its gaps filled by chance. */
export const sentence = (random: Random, language: Language): string => {
  const { sentences, gaps } = language === 'ja' ? japanese : english;
  return pick(random, sentences).replaceAll(/\{(\w+)\}/g, (_, gap: string) =>
    pick(random, gaps[gap] ?? []),
  );
};
