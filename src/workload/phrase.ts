/** What prompts say beside their prose, in both languages. */

import type { Language } from '../token/prose.ts';

/** Asks for a length; a simulated model obeys the number, and a real one comes near it. */
export const askForLength = (language: Language, tokens: number): string =>
  language === 'ja' ? `${tokens}トークンで答えてください。` : `Answer in ${tokens} tokens.`;

interface Phrases {
  /** Opens the instructions of a profile. */
  readonly roles: Readonly<Record<'chat' | 'office-rag' | 'private-miner' | 'agent-tools', string>>;
  /** What is asked of the prose that follows. */
  readonly questions: readonly string[];
  /** Sends an agent to its tools. */
  readonly lookUp: string;
  /** What the miner asks of a document, and then of what it got. */
  readonly extract: string;
  readonly followUps: readonly string[];
}

/** Phrases by language. */
export const phrases: Readonly<Record<Language, Phrases>> = {
  ja: {
    roles: {
      chat: 'あなたは社内の業務を手伝う助手です。次の決まりに従い、丁寧に答えてください。',
      'office-rag':
        'あなたは社内文書をもとに質問に答える助手です。文書にないことは、分からないと答えてください。',
      'private-miner':
        'あなたは社内文書から知識を取り出す分析者です。文書に書かれた事実だけを使い、推測は加えないでください。',
      'agent-tools':
        'あなたは社内の記録を調べる担当者です。記録を確かめる必要があるときは、道具を使ってください。',
    },
    questions: [
      '次の連絡について、要点と次に行うことを教えてください。',
      '以下の状況で、先に確認しておくべき点は何ですか。',
      '次の内容をもとに、関係者への返信文を作ってください。',
      '以下の記録から、遅れそうな作業とその理由を挙げてください。',
    ],
    lookUp: '必要な記録を調べ、その結果をもとに次の対応を提案してください。',
    extract:
      '上の文書から、登場する人と組織、事実、日付、担当者と期限を、指定された形式ですべて取り出してください。',
    followUps: [
      '先ほどの結果に漏れている項目があれば挙げてください。なければ、最も重要な事実を三つ選び、その理由を述べてください。',
      'この文書を初めて読む人のために、要点をまとめてください。',
      '期限のある作業を「内容・担当・期限」の表にまとめ、期限の近い順に並べてください。',
    ],
  },
  en: {
    roles: {
      chat: 'You help with office work. Follow these rules and answer politely.',
      'office-rag':
        'You answer questions from internal documents. Say so when a document holds no answer.',
      'private-miner':
        'You extract knowledge from internal documents. Use stated facts only and add no guesses.',
      'agent-tools': 'You look into internal records. Use the tools whenever a record is needed.',
    },
    questions: [
      'What are the main points of this message, and what should be done next?',
      'In the situation described below, what should be checked first?',
      'Please draft a reply to everyone concerned, based on the following.',
      'Which of the tasks in these notes may be late, and why?',
    ],
    lookUp: 'Look up the records you need and propose what to do next.',
    extract:
      'From the document above, extract all people and organisations, facts, dates, and owners ' +
      'with their deadlines, in the given format.',
    followUps: [
      'List what the result leaves out; if nothing, name the three most important facts and why.',
      'Summarise the document for somebody who has not read it.',
      'Put the tasks with deadlines into a table of task, owner and deadline, nearest first.',
    ],
  },
};
