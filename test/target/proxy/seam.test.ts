import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seeded } from '../../../src/random/random.ts';
import { Seam, continuationInstruction } from '../../../src/target/proxy/seam.ts';
import { sentence } from '../../../src/token/prose.ts';

/** Feeds the continuation in pieces; gives what is shown, or why nothing is. */
const shown = (prefix: string, continuation: string, pieceChars = 3): string => {
  const seam = new Seam(prefix);
  const pieces = continuation.match(new RegExp(`[^]{1,${pieceChars}}`, 'gu')) ?? [];
  let text = '';
  for (const verdict of [...pieces.map((piece) => () => seam.push(piece)), () => seam.end()]) {
    const told = verdict();
    if (told.kind === 'fail') return `FAIL ${told.fault}`;
    if (told.kind === 'pass') text += told.text;
  }
  return text;
};

const counting = (letter: string, from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => `${letter}${from + at}`).join(' ');

const english =
  'The harbour opens at six in the morning, when the first boats come in with their catch. ' +
  'Buyers from the city wait on the quay and ';
const japanese =
  '港は朝六時に開き、最初の船が獲れた魚を積んで入ってきます。市内から来た仲買人は岸壁で待ち、';

describe('a continuation that goes on', () => {
  test.each([
    ['English', english, 'bid for whole crates before anything has been unloaded onto the stones.'],
    ['Japanese', japanese, '荷揚げが終わる前に箱ごと値を付けます。昼には市場はもう静かです。'],
    ['a short rest', english, 'bid.'],
    ['nothing at all', english, ''],
    ['counting', `${counting('p', 1, 20)} `, counting('a', 21, 40)],
    ['counting after a space', counting('p', 1, 20), ` ${counting('a', 21, 22)}`],
    ['counting, the last one', `${counting('p', 1, 20)} `, 'a21'],
    [
      'code in Japanese text',
      japanese,
      'API の `getCatch()` を呼んで結果を待ちます。次に箱を数えます。',
    ],
    ['a word it has used', 'It is what ', 'it is, and nothing more can be said about the matter.'],
  ])('passes whole: %s', (_, prefix, continuation) => {
    expect(shown(prefix, continuation)).toBe(continuation);
  });

  test('counting is judged by its first number', () => {
    const seam = new Seam(`${counting('p', 1, 20)} `);
    expect(seam.push('a21 ')).toEqual({ kind: 'pass', text: 'a21 ' });
  });

  test('pieces do not matter', () => {
    const rest = 'bid for whole crates before anything has been unloaded onto the stones.';
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 80 }), (pieceChars) => {
        expect(shown(english, rest, pieceChars)).toBe(rest);
      }),
    );
  });

  test('any repetition of the tail, to the letter, is removed', () => {
    const rest = 'bid for whole crates before anything has been unloaded onto the stones.';
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 90 }), fc.integer({ min: 1, max: 9 }), (chars, by) => {
        expect(shown(english, english.slice(-chars) + rest, by)).toBe(rest);
      }),
    );
  });
});

describe('a continuation that cannot be shown', () => {
  test.each([
    ['starts over', english, english],
    ['starts over', english, 'The harbour opens at six in the morning, and then the boats come.'],
    [
      'starts over',
      english,
      'The harbour opens at six every morning when first boats come in with catch.',
    ],
    [
      'starts over',
      japanese,
      '港は朝六時に開き、最初の船が魚を積んで入ってきます。仲買人は待ちます。',
    ],
    ['starts over', `${counting('p', 1, 20)} `, counting('a', 1, 20)],
    ['starts over', 'p1 p2 ', 'a1 a2 a3'],
    ['repeats itself', `${counting('p', 1, 20)} `, counting('a', 18, 30)],
    ['repeats itself', `${counting('p', 1, 20)} `, 'a22 a23'],
    ['refuses', english, "I'm sorry, but I can't continue that."],
    [
      'refuses',
      japanese,
      '申し訳ありませんが、その続きをお書きすることはできません。別の質問をどうぞ。',
    ],
    ['refuses', 'p1 p2 ', "I'm sorry, but I can't continue that."],
    [
      'adds a preamble',
      english,
      'Sure, here is the rest: bid for whole crates before anything else.',
    ],
    [
      'adds a preamble',
      english,
      'Continuing from where it stopped, bid for whole crates of the fish.',
    ],
    [
      'adds a preamble',
      japanese,
      'はい、続きを書きます。荷揚げが終わる前に箱ごと値を付けます。昼は静かです。',
    ],
    ['adds a preamble', `${counting('p', 1, 20)} `, 'Sure, here is the continuation: a21 a22'],
    [
      'changes language',
      japanese,
      'they bid for whole crates before anything has been unloaded there.',
    ],
    [
      'changes language',
      english,
      '荷揚げが終わる前に箱ごと値を付けます。昼には市場はもう静かになります。',
    ],
    [
      'changes language',
      `${counting('p', 1, 20)} `,
      'ここから先は、頼まれていない日本語で続けます。',
    ],
  ])('%s: nothing of it is shown', (fault, prefix, continuation) => {
    for (const pieceChars of [1, 4, 100])
      expect(shown(prefix, continuation, pieceChars)).toBe(`FAIL ${fault}`);
  });
});

test('one that is over and added nothing is believed only where the text reads as whole', () => {
  const fault = { kind: 'fail', fault: 'says nothing' };
  expect(new Seam(english).conclude()).toEqual(fault);
  expect(new Seam(`${counting('p', 1, 9)} `).conclude()).toEqual(fault);
  expect(new Seam('朝六時に開きます。').conclude()).toEqual({ kind: 'pass', text: '' });
  const repeats = new Seam(english);
  repeats.push('wait on the quay and ');
  expect(repeats.conclude()).toEqual(fault);
  const goesOn = new Seam(english);
  goesOn.push('bid.');
  expect(goesOn.conclude()).toEqual({ kind: 'pass', text: 'bid.' });
});

test('the instruction is in the language of the conversation', () => {
  expect(continuationInstruction(japanese, '')).toMatch(/続き/);
  expect(continuationInstruction('p1 p2 p3 ', '港について教えてください。')).toMatch(/続き/);
  expect(continuationInstruction(english, 'Tell me about it.')).toMatch(/cut off/);
});

test.each(['ja', 'en'] as const)('a text cut anywhere can be gone on with (%s)', (language) => {
  const random = seeded(7);
  const cuts = 500;
  let whole = 0;
  for (let cut = 0; cut < cuts; cut++) {
    const sentences = Array.from({ length: 12 }, () => sentence(random, language));
    const text = sentences.join(language === 'ja' ? '' : ' ');
    const at = 20 + Math.floor(random.next() * (text.length - 60));
    if (shown(text.slice(0, at), text.slice(at)) === text.slice(at)) whole++;
  }
  // These sentences come from two dozen templates, so that by chance some do repeat others nearly
  // to the letter: over 3000 cuts about 2 % are refused. A standard error of 500 cuts is 0.7 %.
  expect(whole / cuts).toBeGreaterThan(0.95);
});
