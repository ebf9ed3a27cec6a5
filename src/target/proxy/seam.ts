/**
 * The seam between a text that broke off and what another model makes of the rest.
 *
 *     prefix shown ┃ held back until clear ┃ passed on
 *                  ┃  overlap removed      ┃
 *                  ┃  or: bad seam         ┃
 *
 * A model asked to go on may start over, say the last sentence again, announce itself, answer in
 * another language, or refuse. The first characters are therefore held back until they are clearly
 * none of these. What repeats the end of the prefix to the letter is removed, and nobody sees it;
 * any other repetition cannot be undone and fails the seam.
 */

/** Why a continuation cannot be shown. */
type SeamFault =
  | 'starts over'
  | 'repeats itself'
  | 'adds a preamble'
  | 'changes language'
  | 'refuses'
  | 'says nothing';

export type SeamVerdict =
  | { readonly kind: 'hold' }
  | { readonly kind: 'pass'; readonly text: string }
  | { readonly kind: 'fail'; readonly fault: SeamFault };

const hold: SeamVerdict = { kind: 'hold' };
const fail = (fault: SeamFault): SeamVerdict => ({ kind: 'fail', fault });

/** Enough to judge by: Latin letters count one, Japanese characters three. */
const judgedWidth = 64;
/** An overlap shorter than this is more likely chance than repetition. */
const overlapWidthMin = 8;
/** How far back an overlap is looked for. */
const overlapCharsMax = 400;

export class Seam {
  readonly #prefix: string;
  #held = '';
  #isClear = false;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Judges with one more piece of text. Once it has passed, everything passes. */
  push(text: string): SeamVerdict {
    return this.#judge(text, false);
  }

  /** Judges by what there is: no more text will come. */
  end(): SeamVerdict {
    return this.#judge('', true);
  }

  /**
   * Judges an answer that is over. One that adds nothing says that the text was whole when it broke
   * off; it is believed only where the text reads so, lest a cut be told as a success.
   */
  conclude(): SeamVerdict {
    if (this.#isClear) return { kind: 'pass', text: '' };
    const verdict = this.end();
    const isEmpty = verdict.kind === 'pass' && verdict.text.trim() === '';
    return isEmpty && !sentenceEnd.test(this.#prefix) ? fail('says nothing') : verdict;
  }

  #judge(text: string, isEnd: boolean): SeamVerdict {
    if (this.#isClear) return { kind: 'pass', text };
    this.#held += text;
    const verdict = judge(this.#prefix, this.#held, isEnd);
    if (verdict.kind === 'pass') this.#isClear = true;
    return verdict;
  }
}

const sentenceEnd = /[.!?。！？…」』）)\]}"”’`|]\s*$/;

const judge = (prefix: string, held: string, isEnd: boolean): SeamVerdict => {
  if (startsOver(prefix, held)) return fail('starts over');
  if (!isEnd && mayOverlap(prefix, held)) return hold;
  const rest = held.slice(overlapOf(prefix, held));
  const counted = judgeCount(prefix, rest, isEnd);
  if (counted) return counted;
  if (!isEnd && widthOf(rest) < judgedWidth) return hold;
  if (refusal.test(rest)) return fail('refuses');
  if (preamble.test(rest)) return fail('adds a preamble');
  if (changesLanguage(prefix, rest)) return fail('changes language');
  const echo = echoOf(prefix, rest);
  return echo ? fail(echo) : { kind: 'pass', text: rest };
};

/** The first words of the prefix again, letter for letter. */
const startsOver = (prefix: string, held: string): boolean => {
  const start = prefix.trimStart();
  const again = held.trimStart();
  if (widthOf(start) < 16) return false;
  const length = Math.min(start.length, again.length);
  const shared = start.slice(0, length) === again.slice(0, length) ? start.slice(0, length) : '';
  // A text that says one thing over and over starts as it ends; that is an overlap.
  return widthOf(shared) >= 16 && !prefix.endsWith(shared);
};

/** Whether what is held could grow into an overlap with the end of the prefix. */
const mayOverlap = (prefix: string, held: string): boolean =>
  held.length > 0 && prefix.slice(-overlapCharsMax).includes(held);

/** Length of the longest start of `held` that is the end of the prefix. */
const overlapOf = (prefix: string, held: string): number => {
  for (let length = Math.min(held.length, overlapCharsMax, prefix.length); length > 0; length--) {
    const overlap = held.slice(0, length);
    if (prefix.endsWith(overlap)) return widthOf(overlap) >= overlapWidthMin ? length : 0;
  }
  return 0;
};

/** Text that counts (`p1 p2 p3`) must go on counting; undefined for text that does not. */
const judgeCount = (prefix: string, rest: string, isEnd: boolean): SeamVerdict | undefined => {
  const words = prefix.trim().split(/\s+/).slice(-2).map(countIn);
  const reached = words.at(-1);
  const before = words.length > 1 ? words[0] : (reached ?? 0) - 1;
  if (reached === undefined || before !== reached - 1) return undefined;
  const [, word = '', after = ''] = /^\s*(\S*)(\s?)/.exec(rest) ?? [];
  if (word === '' && isEnd) return { kind: 'pass', text: rest };
  const isWordWhole = after !== '' || isEnd;
  if (!isWordWhole && /^[a-z]?\d*$/.test(word)) return hold;
  const next = countIn(word);
  if (next === reached + 1) return { kind: 'pass', text: rest };
  if (next === 1) return fail('starts over');
  if (next !== undefined) return fail('repeats itself');
  // Not a number at all: the other rules say what it is, and it is wrong in any case.
  if (!isEnd && widthOf(rest) < judgedWidth) return hold;
  if (refusal.test(rest)) return fail('refuses');
  return fail(preamble.test(rest) ? 'adds a preamble' : 'changes language');
};

const countIn = (word: string): number | undefined => {
  const digits = /^[a-z](\d+)$/.exec(word)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

const refusal =
  /^\s*(?:(?:i['’]m |i am |we['’]re )?(?:very |so |truly )?sorry\b|i (?:can['’]?t|cannot|can not|won['’]t|am unable|am not able)\b|i['’]m (?:unable|not able)\b|as an ai\b|申し訳(?:ありません|ございません)|(?:すみません|恐れ入ります)が|お(?:手伝い|答え)(?:は)?でき(?:ません|かね))/i;

const preamble =
  /^\s*(?:(?:sure|certainly|of course|absolutely|okay|ok|understood|got it)\s*[!,.:]|(?:sure, )?(?:here(?:['’]s| is| comes)|below is|this is) the (?:rest|continuation|remainder)|(?:to continue|continuing|i(?:['’]ll| will) (?:continue|go on)|let me continue|picking up)\b|(?:はい|もちろん|承知|了解|かしこまり)[^\n]{0,12}[、。！!]|(?:以下(?:は|に|が)?|では、?)?続き(?:を|は|です|から))/i;

/** Characters by script. */
const scriptOf = (text: string): { readonly japanese: number; readonly latin: number } => ({
  japanese: text.match(/[\u3041-\u30ff\u3400-\u9fff]/gu)?.length ?? 0,
  latin: text.match(/[a-z]/gi)?.length ?? 0,
});

/** Mostly Japanese before and none after, or the reverse. */
const changesLanguage = (prefix: string, rest: string): boolean => {
  const before = scriptOf(prefix);
  const after = scriptOf(rest);
  if (before.japanese + before.latin < 12 || after.japanese + after.latin < 8) return false;
  const japaneseBefore = before.japanese / (before.japanese + before.latin);
  const japaneseAfter = after.japanese / (after.japanese + after.latin);
  return japaneseBefore > 0.4 ? japaneseAfter < 0.05 : japaneseBefore < 0.02 && japaneseAfter > 0.5;
};

/** The same said again in nearly the same words: of the beginning, or of the end. */
const echoOf = (prefix: string, rest: string): SeamFault | undefined => {
  const said = lettersOf(rest);
  if (widthOf(said) < 20) return undefined;
  const letters = lettersOf(prefix);
  if (sharedRatio(said, letters.slice(0, said.length * 1.5)) > 0.7) return 'starts over';
  if (sharedRatio(said, letters.slice(-said.length * 2)) > 0.8) return 'repeats itself';
  return undefined;
};

const lettersOf = (text: string): string => text.toLowerCase().replaceAll(/[\p{P}\p{S}\s]/gu, '');

/** Share of the text's groups of three letters that the other has too. */
const sharedRatio = (text: string, other: string): number => {
  const groups = trigramsOf(text);
  const others = new Set(trigramsOf(other));
  return groups.filter((group) => others.has(group)).length / Math.max(1, groups.length);
};

const trigramsOf = (text: string): string[] =>
  Array.from({ length: Math.max(0, text.length - 2) }, (_, at) => text.slice(at, at + 3));

const widthOf = (text: string): number => {
  let width = 0;
  for (let at = 0; at < text.length; at++) width += text.charCodeAt(at) >= 0x3000 ? 3 : 1;
  return width;
};

/**
 * What a model is told that is to go on, in the language of the text; the prompt stays as it is.
 */
export const continuationInstruction = (prefix: string, question: string): string => {
  const { japanese, latin } = scriptOf(prefix + question);
  return japanese > latin * 0.2 ? inJapanese : inEnglish;
};

const inEnglish =
  'Your answer above was cut off. Go on from its very last character, as if nothing had happened: ' +
  'repeat nothing of it, add no introduction or remark, and keep its language, style and numbering.';

const inJapanese =
  '上の回答は途中で切れています。最後の文字の直後から、そのまま続きだけを書いてください。' +
  'すでに書いた部分は繰り返さず、前置きや説明も付けず、言語・文体・番号をそのまま保ってください。';
