/** The words of a language. */

import { english } from './en.ts';
import { japanese } from './ja.ts';
import type { Language, Words } from './language.ts';

const catalogue: Readonly<Record<Language, Words>> = { en: english, ja: japanese };

/** Everything a report says, in the language asked for. */
export const wordsOf = (language: Language): Words => catalogue[language];
