/** How the page tells things in the language of its reader. */

import type { DiagnosisWords, Language } from '../../../diagnosis/word/language.ts';
import type { PageWords } from './word.ts';

/** Words, and times of day as the reader's language writes them. */
export interface Telling {
  readonly language: Language;
  readonly words: PageWords;
  readonly finding: DiagnosisWords;
  readonly timeOf: (iso: string) => string;
}

/** A short wait, in seconds to the hundredth. */
export const secondsOf = (ms: number, { language }: Telling): string =>
  `${(ms / 1000).toFixed(2)} ${language === 'ja' ? '秒' : 's'}`;
