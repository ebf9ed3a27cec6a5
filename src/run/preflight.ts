/**
 * What must be there before a run begins: documents that can be read, a price for every cloud that
 * is to obey a spend limit, and an answer from every backend that is not simulated.
 */

import { expectAnswer, expectResponses, readInventory } from '../client/inventory.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { seeded } from '../random/random.ts';
import { readDocument } from '../system/document.ts';
import { systemDocument } from '../system/litellm.ts';
import { FileError, type Mistake } from '../system/mistake.ts';
import { isPattern } from '../system/model-name.ts';
import type { BackendSystem, System } from '../system/system.ts';
import { healOnce } from '../target/fault/process-fault.ts';
import type { Clock } from '../time/clock.ts';
import { systemClock } from '../time/system-clock.ts';
import { loadTokenizer } from '../token/tokenizer.ts';
import { openPlaced } from './placed-workload.ts';
import { pricesOf } from './price.ts';
import { RunError } from './run-error.ts';

/** Throws a `FileError` for what is wrong in files, then a `RunError` for all that is not there. */
export const preflight = async (scenario: Scenario, target?: string): Promise<void> => {
  const mistakes = target === undefined ? priceMistakes(scenario) : [];
  if (mistakes.length > 0) throw new FileError(mistakes);
  await expectDocuments(scenario);
  const clock = systemClock();
  // A run that could not be mended never begins.
  await healOnce(
    scenario.arms.flatMap(({ faults }) => faults),
    clock,
  );
  const peers = scenario.arms.flatMap(({ peer }) => peer?.url ?? []);
  const checks =
    target === undefined
      ? [...backendChecks(scenario, clock), ...peers.map((url) => expectResponses(url, clock))]
      : [expectResponses(target, clock)];
  const results = await Promise.allSettled(checks);
  const failures = results.flatMap((it): unknown[] =>
    it.status === 'rejected' ? [it.reason] : [],
  );
  if (failures.length > 0) throw joined(failures);
};

/** Without a price nothing is counted, and the limit would never be reached. */
export const priceMistakes = ({ arms, systemFile }: Scenario): readonly Mistake[] => {
  const document = systemDocument(readDocument(systemFile), {});
  const found = arms.flatMap(({ system }) => {
    const known = new Set(pricesOf(system).map(({ backend, model }) => `${backend} ${model}`));
    const clouds = new Set(
      system.backends
        .filter(({ residency, simulate }) => residency === 'cloud' && simulate === undefined)
        .map(({ name }) => name),
    );
    return system.models.flatMap(({ name, candidates }) =>
      candidates.flatMap(({ backend, model }, at) =>
        !clouds.has(backend) || known.has(`${backend} ${model}`)
          ? []
          : [
              document.mistake(
                ['models', name, at, 'model'],
                `expected a model whose price is known, since spending is limited, found '${model}'`,
                'Name the model behind the deployment with `priceModel`, or give the backend a ' +
                  '`price: { input: …, output: … }` in USD per million tokens.',
              ),
            ],
      ),
    );
  });
  return [...new Map(found.map((mistake) => [mistake.path, mistake])).values()];
};

/** Opening a workload reads its documents; without documents there is nothing that could fail. */
const expectDocuments = async (scenario: Scenario): Promise<void> => {
  for (const { workloads } of scenario.arms)
    for (const [index, spec] of workloads.entries())
      if (spec.documents !== undefined)
        await openPlaced(scenario, spec, index, {
          random: seeded(String(scenario.seed)),
          tokenizer: await loadTokenizer(),
        });
};

const backendChecks = ({ arms }: Scenario, clock: Clock): readonly Promise<void>[] => {
  const checks = new Map<string, () => Promise<void>>();
  for (const { system, faults } of arms)
    for (const backend of system.backends.filter(({ simulate }) => !simulate)) {
      const models = modelsAt(system, backend);
      const broken = faults.filter((fault) => fault.backend === backend.name);
      checks.set(`${backend.name} ${backend.urls.join(' ')} ${models.join(' ')}`, () =>
        expectBackend(backend, models, clock),
      );
      // What a fault is to break must be there without it.
      for (const { path } of broken)
        if (path !== undefined && path > 1)
          checks.set(`${backend.name} ${path}`, () =>
            expectBackend({ ...backend, urls: backend.urls.slice(path - 1, path) }, models, clock),
          );
    }
  return [...checks.values()].map((check) => check());
};

const modelsAt = (system: System, backend: BackendSystem): readonly string[] => [
  ...new Set(
    system.models.flatMap(({ candidates }) =>
      candidates
        .filter((it) => it.backend === backend.name && !isPattern(it.model))
        .map(({ model }) => model),
    ),
  ),
];

/** The first address that answers is enough. */
const expectBackend = async (
  backend: BackendSystem,
  models: readonly string[],
  clock: Clock,
): Promise<void> => {
  let failure: unknown;
  for (const url of backend.urls) {
    // The way through an HTTP proxy, or by certificates of its own, is the upstream's to know.
    if (backend.egress?.[url] !== undefined || backend.caFile !== undefined) return;
    try {
      if (backend.wire !== 'ollama') return await expectAnswer(url, clock);
      const inventory = await readInventory(url, clock);
      const tags = inventory.models.map(({ tag }) => tag);
      return expectModels(backend, models, tags);
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

/** One error that says all, if each can be mended; else the first that cannot. */
const joined = (failures: readonly unknown[]): unknown => {
  const hinted = failures.filter(
    (it): it is Error & { readonly hint: string } =>
      it instanceof Error && 'hint' in it && typeof it.hint === 'string',
  );
  const [first] = failures;
  if (failures.length === 1 || hinted.length < failures.length)
    return failures.find((it) => !hinted.some((known) => known === it)) ?? first;
  return new RunError(
    hinted.map(({ message }) => message).join('\n'),
    [...new Set(hinted.map(({ hint }) => hint))].join('\n'),
    { cause: first },
  );
};
