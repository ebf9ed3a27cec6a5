import fc from 'fast-check';
import { expect, test } from 'vitest';

import { encodeLine, parseLine, parseManifest } from '../../src/log/codec.ts';
import {
  attempt,
  end,
  exchange,
  faultAct,
  faultArmed,
  generation,
  manifest,
  phases,
  sample,
} from '../kit/log.ts';

const entries = [
  exchange({ message: 'line\nend \u2028 東京' }),
  attempt(),
  faultArmed(),
  faultAct(),
  generation({ history: 's1 t1-2' }),
  sample(),
  ...phases(),
  end(),
];

test('each kind of entry comes back as it was', () => {
  for (const entry of entries) expect(parseLine(encodeLine(entry))).toEqual(entry);
  expect(parseManifest(encodeLine(manifest()))).toEqual(manifest());
});

test('each entry is one line', () => {
  for (const entry of entries) expect(encodeLine(entry)).not.toContain('\n');
});

test('a fault without an end keeps having none', () => {
  const entry = faultArmed({ until: Infinity });
  expect(parseLine(encodeLine(entry))).toEqual(entry);
});

test('a line cut anywhere is not an entry', () => {
  const line = encodeLine(exchange());
  fc.assert(
    fc.property(fc.nat(line.length - 1), (length) => {
      expect(parseLine(line.slice(0, length))).toBeUndefined();
    }),
  );
});

test('an entry without a field it needs, or with one of another type, is not an entry', () => {
  for (const entry of entries) {
    const [name] = Object.keys(entry).slice(-1);
    expect(parseLine(JSON.stringify({ ...entry, [name ?? '']: { not: 'this' } }))).toBeUndefined();
    expect(parseLine(JSON.stringify({ ...entry, kind: 'toString' }))).toBeUndefined();
  }
  expect(parseLine('{"kind":"end","at":3}')).toBeUndefined();
  expect(parseLine('[]')).toBeUndefined();
  expect(parseLine('null')).toBeUndefined();
});

test('a manifest of another format is not read', () => {
  expect(parseManifest(JSON.stringify({ ...manifest(), format: 2 }))).toBeUndefined();
  expect(parseManifest(encodeLine(end()))).toBeUndefined();
});
