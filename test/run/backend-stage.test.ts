/** Backends of one arm: which of them stand behind a shim. */

import { expect, test } from 'vitest';

import { seeded } from '../../src/random/random.ts';
import { openBackends } from '../../src/run/backend-stage.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { planFaults } from '../../src/target/fault/plan.ts';
import { systemClock } from '../../src/time/system-clock.ts';

const { arms } = loadScenario('scenarios/quickstart.yaml', { environment: {}, isLocalOnly: false });
const [arm] = arms;
if (!arm) throw new Error('the quickstart has no arm');
const { system } = arm;

const relayed = async (input: object): Promise<readonly string[]> => {
  const context = { clock: systemClock(), random: seeded('1'), emit: () => undefined };
  const stage = await openBackends({ system, faults: [], ...input }, context);
  await stage.close();
  return stage.info.backends.filter(({ via }) => via !== undefined).map(({ name }) => name);
};

test('a shim stands before a backend with a fault, and before one that another arm breaks', async () => {
  expect(await relayed({})).toEqual([]);
  expect(await relayed({ faults: planFaults([{ kind: 'cut', backend: 'spark', at: 0 }]) })).toEqual(
    ['spark'],
  );
  expect(await relayed({ relayed: ['azure'] })).toEqual(['azure']);
});

test('a command needs no shim', async () => {
  const faults = planFaults([{ kind: 'exec', backend: 'spark', at: 0, command: ['true'] }]);
  expect(await relayed({ faults })).toEqual([]);
});
