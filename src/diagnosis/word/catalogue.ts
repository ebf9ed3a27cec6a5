/** The languages findings are told in. */

import { english } from './en.ts';
import { japanese } from './ja.ts';
import type { DiagnosisWords, Language } from './language.ts';

export const diagnosisWords: Readonly<Record<Language, DiagnosisWords>> = {
  en: english,
  ja: japanese,
};
