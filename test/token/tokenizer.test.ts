/** Counting and cutting by tokens, and how far the estimate is from the count. */

import { globSync, readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seeded } from '../../src/random/random.ts';
import { estimateTokens } from '../../src/token/estimate.ts';
import { textOfTokens } from '../../src/token/text.ts';
import { loadTokenizer } from '../../src/token/tokenizer.ts';

const tokenizer = await loadTokenizer();

describe('the tokenizer', () => {
  test('counts as the published vocabulary does', () => {
    expect(tokenizer.count('')).toBe(0);
    expect(tokenizer.count('Answer in 50 tokens.')).toBe(6);
    expect(tokenizer.count('1234567')).toBe(3);
  });

  test('takes a control token in a prompt for text', () => {
    expect(tokenizer.count('a <|endoftext|> b')).toBeGreaterThan(3);
  });

  test('counts a run without end piece by piece, which takes no longer than the same as words', () => {
    for (const sign of ['x', '日', ' ', '!', '\u0301']) {
      const piece = sign.repeat(128);
      expect(tokenizer.count(piece.repeat(1500))).toBe(1500 * tokenizer.count(piece));
    }
    const sentence = '水源の水位は昨日より三センチ下がった。';
    expect(tokenizer.count(sentence.repeat(100))).toBe(100 * tokenizer.count(sentence));
  });

  test('cuts to a start of the text that fits and breaks no character', () => {
    const text = fc.string({ unit: fc.constantFrom('設', '🚰', 'a', ' ', '。', '1', 'é', '\n') });
    fc.assert(
      fc.property(text, fc.nat(20), (text, tokens) => {
        const start = tokenizer.truncate(text, tokens);
        expect(text.startsWith(start)).toBe(true);
        expect(start.isWellFormed()).toBe(true);
        expect(tokenizer.count(start)).toBeLessThanOrEqual(tokens);
        expect(start === text).toBe(tokenizer.count(text) <= tokens);
      }),
    );
  });
});

describe('the estimate', () => {
  test('of a text too long to look at whole is near that of its pieces together', () => {
    const pieces = fc.array(
      fc.constantFrom('水源の水位は三センチ下がった。', 'The dam holds. ', '{"id":1042},', '🚰\n'),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 4 }), (pieces, megabytes) => {
        const parts = pieces.map((it) => it.repeat(Math.ceil((megabytes * 2 ** 20) / it.length)));
        const together = parts.reduce((sum, part) => sum + estimateTokens(part), 0);
        expect(Math.abs(estimateTokens(parts.join('')) / together - 1)).toBeLessThan(0.05);
      }),
      { numRuns: 20 },
    );
  });

  test('is within 15 % of the count on prose of a hundred tokens and more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 600 }),
        fc.integer(),
        fc.constantFrom('ja', 'en'),
        (tokens, seed, language) => {
          const text = textOfTokens(tokenizer, seeded(seed), language, tokens);
          expect(Math.abs(estimateTokens(text) / tokens - 1)).toBeLessThan(0.15);
        },
      ),
    );
  });

  test('is within 15 % of the count on each document shipped', () => {
    const paths = globSync('scenarios/documents/*.md');
    expect(paths.length).toBeGreaterThanOrEqual(8);
    for (const path of paths) {
      const text = readFileSync(path, 'utf8');
      expect(Math.abs(estimateTokens(text) / tokenizer.count(text) - 1)).toBeLessThan(0.15);
    }
  });

  test('is within 30 % of the count on JSON', () => {
    const json = JSON.stringify({
      documents: [
        { id: 'D-1042', title: 'Maintenance manual', owner: 'Maintenance', revision: 7 },
        { id: 'D-1043', title: '保全手順書', owner: '保全課', updated: '2026-04-10' },
      ],
      total: 2,
    });
    expect(Math.abs(estimateTokens(json) / tokenizer.count(json) - 1)).toBeLessThan(0.3);
  });

  test.each([
    ['Russian', 'Плотина удерживает воду. Если уровень превышает отметку, затворы откроются.'],
    ['Greek', 'Το φράγμα συγκρατεί τη λίμνη και οι μηχανικοί ελέγχουν τους αισθητήρες.'],
    ['Arabic', 'يحتفظ السد بمياه البحيرة ويقوم المهندسون بفحص أجهزة الاستشعار.'],
    ['Hindi', 'बांध जलाशय को रोकता है और अभियंता हर छह घंटे में जाँच करते हैं।'],
    ['Thai', 'เขื่อนกักเก็บน้ำไว้ในอ่าง และวิศวกรตรวจสอบเซ็นเซอร์ทุกหกชั่วโมง'],
    ['Korean', '댐은 저수지의 물을 가두고 기술자들은 여섯 시간마다 센서를 점검합니다.'],
    ['a table', `| gauge     |      level |\n|${'-'.repeat(11)}|${'-'.repeat(12)}|\n`],
    ['indented code', `${' '.repeat(16)}return level;\n\n${' '.repeat(12)}}\n`],
  ])('is within 40 %% of the count on %s', (_, text) => {
    expect(Math.abs(estimateTokens(text) / tokenizer.count(text) - 1)).toBeLessThan(0.4);
  });

  test('never shrinks when a text grows, and is 0 for none', () => {
    expect(estimateTokens('')).toBe(0);
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, more) => {
        expect(estimateTokens(text + more)).toBeGreaterThanOrEqual(estimateTokens(text));
      }),
    );
  });
});
