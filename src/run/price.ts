/** The prices a run reckons with: of the clouds it may ask, and of those it is compared with. */

import { type Price, priceOf } from '../economics/price-table.ts';
import type { Manifest, PriceRecord } from '../log/entry.ts';
import { isPattern } from '../system/model-name.ts';
import type { BackendSystem, Candidate, System } from '../system/system.ts';

/** A price for each cloud candidate whose price is known, under the candidate's own name. */
export const pricesOf = (system: System): readonly PriceRecord[] =>
  system.models.flatMap(({ candidates }) =>
    candidates.flatMap((candidate) => {
      if (isPattern(candidate.model)) return [];
      const price = candidatePrice(system, candidate);
      return price ? [{ ...price, backend: candidate.backend, model: candidate.model }] : [];
    }),
  );

/** What a model costs at a backend, also where the file leaves it to the client which model. */
export const priceAt =
  (system: System, prices: readonly PriceRecord[]) =>
  (backend: string, model: string): Price | undefined =>
    prices.find((price) => price.backend === backend && price.model === model) ??
    (isOpen(system, backend) ? candidatePrice(system, { backend, model }) : undefined);

const isOpen = ({ models }: System, name: string): boolean =>
  models.some(({ candidates }) =>
    candidates.some(({ backend, model }) => backend === name && isPattern(model)),
  );

/** The cloud models that the answers are valued at; `configured` is the first cloud candidate. */
export const counterfactualPrices = (system: System): Manifest['counterfactuals'] =>
  system.economics.counterfactuals.flatMap((name) => {
    const price =
      name === 'configured' ? configuredPrice(system) : priceOf({ model: name, provider: 'azure' });
    return price ? [{ name, price: { backend: 'azure', ...price } }] : [];
  });

const configuredPrice = (system: System): Price | undefined => {
  for (const { candidates } of system.models)
    for (const candidate of candidates) {
      const price = candidatePrice(system, candidate);
      if (price) return price;
    }
  return undefined;
};

const candidatePrice = (system: System, candidate: Candidate): Price | undefined => {
  const backend = system.backends.find(({ name }) => name === candidate.backend);
  if (!backend || backend.residency === 'local') return undefined;
  return priceOf({
    model: candidate.priceModel ?? candidate.model,
    provider: providerOf(backend),
    ...(backend.deployment && { deployment: backend.deployment.type }),
    ...(backend.price && { override: backend.price }),
  });
};

const providerOf = (backend: BackendSystem): string =>
  backend.wire === 'azure-openai' ? 'azure' : 'openai';
