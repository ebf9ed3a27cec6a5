import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import * as kit from '../kit/log.ts';

test('the time before commitment is a share of the whole, by what commits', () => {
  const { rows } = analyse(
    kit.log([
      kit.exchange({ scheduledAt: 1000, sentAt: 1000, firstTextAt: 1800 }),
      kit.attempt({ startedAt: 1000, headersAt: 1100, firstTokenAt: 1400, endedAt: 3000 }),
    ]),
  );
  const shares = rows.filter(({ id }) => id === 'recoverable');
  expect(shares.map(({ where, value, n }) => ({ where, value, n }))).toEqual([
    { where: 'commit=preamble', value: 0.05, n: 1 },
    { where: 'commit=reasoning', value: 0.2, n: 1 },
    { where: 'commit=text', value: 0.4, n: 1 },
  ]);
});

test('an answer that failed over says nothing of its kind', () => {
  const { rows } = analyse(
    kit.log([
      kit.exchange({ backend: 'azure' }),
      kit.attempt({ outcome: 'failed', reason: 'reset' }),
      kit.attempt({ attempt: 2, cause: 'failover', backend: 'azure' }),
    ]),
  );
  expect(rows.filter(({ id }) => id === 'recoverable')).toEqual([]);
});
