/**
 * Which model of the file a client means, where names may hold `*` for any text.
 *
 *     ollama/*        ──▶ { model: '*' }         ollama/qwen3:8b is asked for as qwen3:8b
 *     *               ──▶ { model: gpt-5-mini }  whatever nobody else serves
 *
 * A name that stands in the file wins over any pattern, and of patterns the longest one.
 */

import type { ModelSystem } from './system.ts';

/** No server calls a model by a longer name. */
const nameLengthMax = 256;

/** The model of that name; of a pattern, what it makes of the name. */
export const modelNamed = (
  models: readonly ModelSystem[],
  asked: string,
): ModelSystem | undefined => {
  const model = modelFor(models, asked);
  if (!model || model.name === asked) return model;
  const candidates = model.candidates.map((it) => ({
    ...it,
    model: filledIn(it.model, model.name, asked),
  }));
  return { ...model, name: asked, candidates };
};

/** What a text with `*` becomes for a name that a pattern covers. */
export const filledIn = (text: string, pattern: string, asked: string): string => {
  const parts = matched(pattern, asked) ?? [];
  let at = 0;
  return text.replaceAll('*', () => parts[at++] ?? '');
};

/** The model as the file has it that serves a name. A pattern itself is no name to ask for. */
export const modelFor = <M extends Pick<ModelSystem, 'name'>>(
  models: readonly M[],
  asked: string,
): M | undefined => {
  if (isPattern(asked) || asked.length > nameLengthMax) return undefined;
  let best: M | undefined;
  for (const model of models) {
    if (model.name === asked) return model;
    if (best && best.name.length >= model.name.length) continue;
    if (covers(model.name, asked)) best = model;
  }
  return best;
};

/** Whether a name is meant by another, which may be a pattern. */
export const covers = (pattern: string, name: string): boolean =>
  pattern === name || (isPattern(pattern) && matched(pattern, name) !== undefined);

/** Whether a name stands for others. */
export const isPattern = (name: string): boolean => name.includes('*');

/** How many `*` there are. */
export const starCount = (name: string): number => name.split('*').length - 1;

/**
 * What each `*` stands for; undefined where the name does not match. Each is as short as can be,
 * and the last one takes the rest, so that no name takes longer than its length.
 */
const matched = (pattern: string, name: string): readonly string[] | undefined => {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop() ?? '';
  if (!name.startsWith(first) || !name.endsWith(last)) return undefined;
  const end = name.length - last.length;
  let from = first.length;
  const parts: string[] = [];
  for (const text of others) {
    const at = name.indexOf(text, from);
    if (at < 0 || at + text.length > end) return undefined;
    parts.push(name.slice(from, at));
    from = at + text.length;
  }
  // A prefix and an ending must not share letters.
  if (from > end) return undefined;
  parts.push(name.slice(from, end));
  return parts;
};
