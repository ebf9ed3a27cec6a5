/**
 * A string that a regular expression matches, for the expressions that schemas are written with:
 * literals, classes, escapes, groups, alternatives and quantifiers.
 *
 * What it cannot read (look-around, back-references, `\b`, `\p`) makes it answer undefined, and so
 * does a string that the expression turns out not to match.
 */

import { integerBetween, pick } from '../../random/distribution.ts';
import type { Random } from '../../random/random.ts';

/** Draws a matching string; undefined when the pattern is beyond it. */
export const patternSample = (pattern: string, random: Random): string | undefined => {
  try {
    const sample = new PatternReader(pattern, random).whole()();
    return new RegExp(pattern).test(sample) ? sample : undefined;
  } catch {
    return undefined;
  }
};

type Draw = () => string;

/** How many more repetitions than it must an open-ended quantifier makes at most. */
const repetitionsMoreMax = 3;

const digits = '0123456789';
const letters = 'abcdefghijklmnopqrstuvwxyz';
const shorthands: Readonly<Record<string, string>> = {
  d: digits,
  w: `${letters}${digits}_`,
  s: ' ',
  D: letters,
  W: '-',
  S: letters,
};
const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

class PatternReader {
  readonly #source: string;
  readonly #random: Random;
  #at = 0;

  constructor(source: string, random: Random) {
    this.#source = source;
    this.#random = random;
  }

  whole(): Draw {
    const draw = this.#alternatives();
    if (this.#at < this.#source.length) throw this.#beyond();
    return draw;
  }

  #alternatives(): Draw {
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    return () => pick(this.#random, options)();
  }

  #sequence(): Draw {
    const parts: Draw[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#next()))
      parts.push(this.#quantified(this.#atom()));
    return () => parts.map((draw) => draw()).join('');
  }

  #atom(): Draw {
    const character = this.#next();
    this.#at += character.length;
    switch (character) {
      case '^':
      case '$':
        return () => '';
      case '(':
        return this.#group();
      case '[':
        return this.#oneOf(this.#class());
      case '.':
        return this.#oneOf(letters);
      case '\\':
        return this.#oneOf(this.#escape());
      default:
        return () => character;
    }
  }

  #group(): Draw {
    const opening = /^\?(?::|<[A-Za-z]\w*>)/.exec(this.#source.slice(this.#at))?.[0] ?? '';
    if (opening === '' && this.#next() === '?') throw this.#beyond();
    this.#at += opening.length;
    const draw = this.#alternatives();
    if (!this.#take(')')) throw this.#beyond();
    return draw;
  }

  /** The characters of a class; of a negated one, those of a small alphabet it leaves. */
  #class(): string {
    const isNegated = this.#take('^');
    let members = '';
    while (!this.#take(']')) {
      const from = this.#member();
      const isRange = this.#next() === '-' && this.#source[this.#at + 1] !== ']';
      if (!isRange) {
        members += from;
        continue;
      }
      this.#at += 1;
      members += rangeOf(from, this.#member());
    }
    const alphabet = letters + letters.toUpperCase() + digits;
    return isNegated
      ? Array.from(alphabet)
          .filter((it) => !members.includes(it))
          .join('')
      : members;
  }

  #member(): string {
    const character = this.#next();
    if (character === '') throw this.#beyond();
    this.#at += character.length;
    return character === '\\' ? this.#escape() : character;
  }

  /** The characters that an escape stands for; the backslash is behind us. */
  #escape(): string {
    const character = this.#next();
    this.#at += character.length;
    if (/[bBpPkux0-9cfv]/.test(character) || character === '') throw this.#beyond();
    return shorthands[character] ?? controls[character] ?? character;
  }

  #quantified(draw: Draw): Draw {
    const bounds = this.#quantifier();
    if (!bounds) return draw;
    // Lazy or greedy makes no difference to what matches.
    this.#take('?');
    const { min, max } = bounds;
    return () =>
      Array.from({ length: integerBetween(this.#random, min, max) }, () => draw()).join('');
  }

  #quantifier(): { readonly min: number; readonly max: number } | undefined {
    if (this.#take('?')) return { min: 0, max: 1 };
    if (this.#take('*')) return { min: 0, max: repetitionsMoreMax };
    if (this.#take('+')) return { min: 1, max: 1 + repetitionsMoreMax };
    const braces = /^\{(\d+)(,?)(\d*)\}/.exec(this.#source.slice(this.#at));
    if (!braces) return undefined;
    this.#at += braces[0].length;
    const min = Number(braces[1]);
    if (braces[2] === '') return { min, max: min };
    const open = min + repetitionsMoreMax;
    return { min, max: braces[3] ? Math.min(Number(braces[3]), open) : open };
  }

  #oneOf(characters: string): Draw {
    const options = Array.from(characters);
    return () => pick(this.#random, options);
  }

  /** The next character, whole; empty at the end. */
  #next(): string {
    const code = this.#source.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #take(character: string): boolean {
    if (this.#next() !== character) return false;
    this.#at += 1;
    return true;
  }

  #beyond(): Error {
    return new Error(`cannot read the pattern at ${this.#at}`);
  }
}

const rangeOf = (from: string, to: string): string => {
  const first = from.codePointAt(0) ?? 0;
  const last = Math.min(to.codePointAt(0) ?? 0, first + 255);
  return Array.from({ length: last - first + 1 }, (_, at) => String.fromCodePoint(first + at)).join(
    '',
  );
};
