/** Every sentence that a manifest may hold, in Japanese. */

import { globSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { basisOf, engineProfile, engineProfileNames } from '../../src/engine/profile.ts';
import { manifestText } from '../../src/report/word/manifest-text.ts';
import { describeScenario } from '../../src/scenario/describe.ts';
import { loadScenario } from '../../src/scenario/load.ts';

/** Two words of English in a row, which names are not. */
const englishWords = /[a-z]{2,} (?:[a-z]{2,}|[×\d])/i;

describe('in Japanese', () => {
  test.each(engineProfileNames)('the basis of %s is told without English words', (name) => {
    const profile = engineProfile(name);
    if (!profile) throw new Error(`no profile ${name}`);
    const told = manifestText(`${name}: ${basisOf(profile)}`, 'ja');
    expect(told).toContain(name);
    expect(told).not.toMatch(englishWords);
  });

  test.each(globSync('scenarios/*.yaml'))('what %s does is told without English words', (file) => {
    const scenario = loadScenario(file, {
      environment: { AZURE_OPENAI_API_KEY: 'k' },
      isLocalOnly: false,
    });
    const told = manifestText(describeScenario(scenario), 'ja');
    expect(told).toMatch(/\p{Script=Katakana}/u);
    // The times a fault acts are numbers, not words.
    expect(told.replaceAll(/ × \d+/g, '')).not.toMatch(englishWords);
  });

  test('where the proxy stands', () => {
    expect(manifestText('edge: the proxy beside the load', 'ja')).toBe(
      'エッジ（負荷をかける側の隣）',
    );
  });
});

test('in English, and where a phrase is not known, a text stays as it is', () => {
  expect(manifestText('foreign target', 'en')).toBe('foreign target');
  expect(manifestText('something new to say', 'ja')).toBe('something new to say');
});
