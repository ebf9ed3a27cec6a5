/**
 * `${NAME}` in a file stands for a variable of the environment, so that secrets stay out of
 * files.
 */

import type { SourceDocument } from './document.ts';
import type { Mistake } from './mistake.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * YAML reads the brace of `${NAME}` inside `{ … }` as its own, so it is written otherwise before it
 * is parsed; the text stays as long, and every place in it the same.
 */
export const withPlainVariables = (text: string): string =>
  text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, '$<$1>');

const variable = /\$<([A-Za-z_][A-Za-z0-9_]*)>/g;

/** The value with every variable filled in, and a mistake for each one that is not set. */
export const fillIn = (
  value: unknown,
  environment: Environment,
  document: SourceDocument,
): { readonly value: unknown; readonly mistakes: readonly Mistake[] } => {
  const mistakes: Mistake[] = [];
  const walk = (inner: unknown, path: readonly (string | number)[]): unknown => {
    if (typeof inner === 'string')
      return inner.replaceAll(variable, (whole, name: string) => {
        const found = environment[name];
        if (found !== undefined && found !== '') return found;
        const problem = `expected the environment variable ${name} to be set, found nothing`;
        mistakes.push(document.mistake(path, problem, `Set it: export ${name}=…`));
        return whole;
      });
    if (Array.isArray(inner)) return inner.map((item, at) => walk(item, [...path, at]));
    if (typeof inner === 'object' && inner !== null)
      return Object.fromEntries(
        Object.entries(inner).map(([name, item]) => [name, walk(item, [...path, name])]),
      );
    return inner;
  };

  return { value: walk(value, []), mistakes };
};
