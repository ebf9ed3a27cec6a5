/** A sample each second, and none once disposed. */

import { expect, test } from 'vitest';

import type { Sample } from '../../src/log/entry.ts';
import { watchHealth } from '../../src/measurement/health.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';

test('it samples each second until disposed', async () => {
  const clock = new VirtualClock();
  const samples: Omit<Sample, 'arm'>[] = [];
  let inFlight = 0;
  const watch = watchHealth({
    clock,
    where: 'load',
    emit: (sample) => samples.push(sample),
    read: () => ({ inFlight: ++inFlight }),
  });
  await clock.advanceTo(3500);
  watch[Symbol.dispose]();
  await clock.advanceTo(9000);

  expect(samples.map(({ at, where, inFlight }) => ({ at, where, inFlight }))).toEqual([
    { at: 1000, where: 'load', inFlight: 1 },
    { at: 2000, where: 'load', inFlight: 2 },
    { at: 3000, where: 'load', inFlight: 3 },
  ]);
  for (const { utilisationRatio, loopDelayMsP99, rssMb } of samples) {
    expect(utilisationRatio).toBeGreaterThanOrEqual(0);
    expect(utilisationRatio).toBeLessThanOrEqual(1);
    expect(loopDelayMsP99).toBeGreaterThanOrEqual(0);
    expect(rssMb).toBeGreaterThan(1);
  }
});
