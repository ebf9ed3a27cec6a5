/**
 * What must be there before a run begins: every real backend answers, has the models it is to be
 * asked for, and the run says how much it may spend.
 */

import { expectAnswer, readInventory } from '../client/inventory.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { FileError } from '../system/mistake.ts';
import type { BackendSystem, System } from '../system/system.ts';
import { systemClock } from '../time/system-clock.ts';
import { isSpending } from './manifest.ts';
import { RunError } from './run-error.ts';

/** Throws a `RunError` (or an error of the probe) for the first thing that is not there. */
export const preflight = async (scenario: Scenario): Promise<void> => {
  for (const { system } of scenario.arms) expectSpendMax(scenario.file, system);
  const clock = systemClock();
  const checked = new Set<string>();
  for (const { system } of scenario.arms)
    for (const backend of system.backends.filter(({ simulate }) => !simulate)) {
      const models = modelsAt(system, backend);
      const name = `${backend.name} ${models.join(' ')}`;
      if (checked.has(name)) continue;
      checked.add(name);
      await firstThatAnswers(backend, async (url) => {
        if (backend.wire !== 'ollama') return expectAnswer(url, clock);
        const inventory = await readInventory(url, clock);
        expectModels(
          backend,
          models,
          inventory.models.map(({ tag }) => tag),
        );
      });
    }
};

const modelsAt = (system: System, backend: BackendSystem): readonly string[] => [
  ...new Set(
    system.models.flatMap(({ candidates }) =>
      candidates.filter((it) => it.backend === backend.name).map(({ model }) => model),
    ),
  ),
];

/** A run that can reach a priced backend says what it may spend. */
export const expectSpendMax = (file: string, system: System): void => {
  if (!isSpending(system) || system.economics.spendMaxUsd !== undefined) return;
  throw new FileError([
    {
      file,
      path: 'economics.spendMaxJpy',
      problem: 'this run can reach a cloud that costs money, and no limit is set',
      hint: 'Add `spendMaxJpy` (or `spendMaxUsd`) under `economics:` in the system file, or run with --local-only.',
    },
  ]);
};

const firstThatAnswers = async (
  backend: BackendSystem,
  check: (url: string) => Promise<void>,
): Promise<void> => {
  let failure: unknown;
  for (const url of backend.urls) {
    try {
      await check(url);
      return;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
};

const expectModels = (
  backend: BackendSystem,
  wanted: readonly string[],
  present: readonly string[],
): void => {
  const missing = wanted.filter(
    (tag) => !present.includes(tag) && !present.includes(`${tag}:latest`),
  );
  if (missing.length === 0) return;
  throw new RunError(
    `${backend.name} does not have ${missing.join(', ')}; it has ${present.join(', ') || 'no model'}`,
    `Pull what is missing on the box (ollama pull ${missing[0]}), or correct the system file.`,
  );
};
