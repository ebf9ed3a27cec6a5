import { expect, test } from 'vitest';

import { entropyIds, timedIds } from '../../src/random/id.ts';

test('an id with its time in front keeps all its chance, and comes after those of before', () => {
  let now = Date.UTC(2026, 10, 23);
  const ids = timedIds(entropyIds, () => now);
  const minted = Array.from({ length: 100 }, () => {
    now += 1.5;
    return ids();
  });
  expect(minted.toSorted()).toEqual(minted);
  expect(new Set(minted.map((id) => id.slice(12))).size).toBe(100);
  for (const id of minted) expect(id).toMatch(/^[0-9a-f]{44}$/);
  expect(Number.parseInt(minted[0]?.slice(0, 12) ?? '', 16)).toBe(Date.UTC(2026, 10, 23) + 1);
});
