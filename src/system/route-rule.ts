/**
 * Models and keys as a system file writes them, made explicit, and what must hold between them:
 * shares only where shares are drawn, budgets only where yen can be told in dollars.
 */

import { covers, starCount } from './model-name.ts';
import type { KeyFile, ModelFile, SystemFile } from './schema.ts';
import type { KeySystem, ModelSystem } from './system.ts';
import { closest } from './validation.ts';

/** Reports a mistake at a path. */
type Wrong = (path: readonly (string | number)[], problem: string, hint: string) => void;

/** A model's candidates, whichever way they were written, and the path that leads to them. */
export const candidatesOf = (
  name: string,
  model: ModelFile,
): { readonly candidates: ModelSystem['candidates']; readonly path: readonly string[] } =>
  'candidates' in model
    ? { candidates: model.candidates, path: ['models', name, 'candidates'] }
    : { candidates: model, path: ['models', name] };

export const modelOf = (name: string, model: ModelFile): ModelSystem =>
  'candidates' in model ? { name, ...model } : { name, candidates: model };

/** The key with its budget in dollars. */
export const keyOf = (file: SystemFile, key: KeyFile): KeySystem => {
  const { monthlyBudgetJpy, ...others } = key;
  const usdJpy = file.economics?.fx?.usdJpy;
  return {
    residency: 'local-first',
    ...others,
    ...(monthlyBudgetJpy !== undefined &&
      usdJpy !== undefined && { monthlyBudgetUsd: monthlyBudgetJpy / usdJpy }),
  };
};

export const checkModel = (name: string, model: ModelFile, wrong: Wrong): void => {
  const { candidates, path } = candidatesOf(name, model);
  for (const [at, { model: served }] of candidates.entries()) {
    const [given, wanted] = [starCount(name), starCount(served)];
    if (wanted === 0 || wanted === given) continue;
    const problem = `expected a \`*\` for each of the ${given} in '${name}', found ${wanted}`;
    wrong([...path, at, 'model'], problem, 'Write `ollama/*: [{ model: "*", … }]`, say.');
  }
  if (!('candidates' in model) || model.strategy !== 'weighted') {
    for (const [at, { weight }] of candidates.entries())
      if (weight !== undefined) {
        const hint = 'Write `{ strategy: weighted, candidates: […] }`, or leave the weight out.';
        wrong([...path, at, 'weight'], 'only `strategy: weighted` draws by weight', hint);
      }
  } else if (candidates.every(({ weight }) => weight === 0)) {
    wrong(path, 'expected a weight above 0, found none', 'Give one candidate `weight: 1`.');
  }
};

export const checkKeys = (file: SystemFile, wrong: Wrong): void => {
  const keys = file.keys ?? [];
  const names = keys.map(({ name }) => name);
  const models = Object.keys(file.models);
  for (const [at, key] of keys.entries()) {
    if (names.indexOf(key.name) < at)
      wrong(['keys', at, 'name'], `two keys are named ${key.name}`, 'Give each key its own name.');
    for (const [place, model] of (key.models ?? []).entries()) {
      if (models.some((it) => covers(it, model))) continue;
      const hint = closest(model, models) ?? `Models here: ${models.join(', ')}.`;
      wrong(['keys', at, 'models', place], `no model is called '${model}'`, hint);
    }
    if (key.monthlyBudgetJpy === undefined) continue;
    const path = ['keys', at, 'monthlyBudgetJpy'];
    if (key.monthlyBudgetUsd !== undefined)
      wrong(path, 'expected one budget, found two', 'Keep the one in yen or the one in dollars.');
    if (!file.economics?.fx) {
      const hint = 'Add `economics: { fx: { usdJpy: …, asOf: …, source: … } }`, or use dollars.';
      wrong(path, 'expected an exchange rate in the file, found none', hint);
    }
  }
};
