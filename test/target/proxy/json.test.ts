/** JSON from strangers that is no longer than allowed, and still costs too much to read. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isIntricate, levelsMax, parseJson, valuesMax } from '../../../src/target/proxy/json.ts';

/** Longer than what is read whatever it is. */
const long = 'x'.repeat(300_000);
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('a long text is not read when it', () => {
  test.each([
    ['is nested deep', `{"a":"${long}","b":${nested(levelsMax)}}`],
    ['never closes what it opens', '['.repeat(300_000)],
    ['is nested deep in objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['has too many values', `[${'1,'.repeat(valuesMax + 1)}1]`],
    ['has too many empty lists', `[${'[],'.repeat(valuesMax / 2 + 1)}1]`],
    ['has an escaped quote before all that', `{"a":"\\\\\\"","b":"${long}","c":${nested(2000)}}`],
  ])('%s', (_, text) => {
    expect(isIntricate(text)).toBe(true);
    expect(parseJson(text)).toBeUndefined();
  });
});

describe('a long text is read when', () => {
  test.each([
    ['it is one text', [long]],
    ['its text looks like brackets', ['['.repeat(1_000_000), '"\\['.repeat(200_000)]],
    ['it has a list of fifty thousand', Array.from({ length: 50_000 }, (_, at) => ({ role: at }))],
    ['its levels are closed again', Array.from({ length: 20_000 }, () => [[[long.slice(0, 9)]]])],
  ])('%s', (_, value) => {
    expect(parseJson(JSON.stringify(value))).toEqual(value);
  });

  test('it is ordinary, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
        const all = { long, value, text, odd: '"\\\\\\"[{,'.repeat(9) };
        expect(parseJson(JSON.stringify(all))).toEqual(JSON.parse(JSON.stringify(all)));
      }),
      { numRuns: 50 },
    );
  });
});
