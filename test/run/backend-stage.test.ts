/** Backends of one arm: which of them stand behind a shim. */

import { expect, test } from 'vitest';

import { seeded } from '../../src/random/random.ts';
import { openBackends } from '../../src/run/backend-stage.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { faultyLookup } from '../../src/target/fault/faulty-lookup.ts';
import { planFaults } from '../../src/target/fault/plan.ts';
import type { FaultSpec } from '../../src/target/fault/schema.ts';
import { BackendPaths } from '../../src/target/proxy/backend-path.ts';
import { failureOfError } from '../../src/target/proxy/failure.ts';
import { systemClock } from '../../src/time/system-clock.ts';

const { arms } = loadScenario('scenarios/quickstart.yaml', { environment: {}, isLocalOnly: false });
const [arm] = arms;
if (!arm) throw new Error('the quickstart has no arm');
const { system } = arm;

const nobody = (): Promise<never> => Promise.reject(new Error('nobody is asked'));

const relayed = async (input: object): Promise<readonly string[]> => {
  const context = { clock: systemClock(), random: seeded('1'), emit: () => undefined, ask: nobody };
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

/** The hybrid with a Spark of two addresses, broken in this way, and what it says of itself. */
const askOverPaths = async (faults: readonly FaultSpec[]) => {
  const clock = systemClock();
  const acts: string[] = [];
  const [spark] = system.backends;
  if (spark?.simulate?.kind !== 'spark') throw new Error('the quickstart has no simulated Spark');
  const simulate = { ...spark.simulate, paths: ['http', 'https'] as const };
  const stage = await openBackends(
    { system: { ...system, backends: [{ ...spark, simulate }] }, faults: planFaults(faults) },
    {
      clock,
      random: seeded('1'),
      emit: (entry) => entry.kind === 'act' && acts.push(`${entry.what} at ${entry.backend}`),
      ask: nobody,
    },
  );
  const [backend] = stage.info.backends;
  if (!backend) throw new Error('no backend was opened');
  const names = faultyLookup({
    names: stage.info.names,
    faults: planFaults(faults),
    clock,
    random: seeded('1'),
    emit: (act) => acts.push(`${act.what} of ${act.backend}`),
  });
  stage.tell?.('begin', clock.now());
  names.arm(clock.now());
  const paths = new BackendPaths({ ...backend, connectMs: 500 }, { clock, lookup: names.lookup });
  const request = { method: 'GET', headers: {} } as const;
  const never = new AbortController().signal;
  const said = await paths
    .send((base) => `${base}/api/version`, request, never)
    .then(
      ({ status }) => String(status),
      (error: unknown) => failureOfError(error).reason,
    );
  await paths.close();
  await stage.close();
  return { said, acts };
};

test.each<[string, readonly Omit<FaultSpec, 'backend' | 'at'>[], string, readonly string[]]>([
  ['nothing broken', [], '200', []],
  ['the first refused', [{ kind: 'refuse', path: 1 }], '200', ['refuse at spark']],
  [
    'the second refused, which nobody needs',
    [{ kind: 'refuse', path: 2 }],
    '200',
    ['refuse at spark'],
  ],
  ['the name of the first unknown', [{ kind: 'dns', path: 1 }], '200', ['dns of spark']],
  [
    'the first refused, and a handshake that hangs',
    [
      { kind: 'refuse', path: 1 },
      { kind: 'silent', when: 'connect', path: 2 },
    ],
    'unreachable',
    ['refuse at spark', 'silent at spark'],
  ],
  [
    'the first refused, and a certificate that has expired',
    [
      { kind: 'refuse', path: 1 },
      { kind: 'certificate', path: 2 },
    ],
    'refused',
    ['refuse at spark', 'certificate at spark'],
  ],
])('a Spark of two addresses: %s', async (_, faults, said, acts) => {
  expect(await askOverPaths(faults.map((it) => ({ ...it, backend: 'spark', at: 0 })))).toEqual({
    said,
    acts,
  });
});

test('a command needs no shim', async () => {
  const faults = planFaults([{ kind: 'exec', backend: 'spark', at: 0, command: ['true'] }]);
  expect(await relayed({ faults })).toEqual([]);
});
