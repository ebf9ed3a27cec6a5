/** The names a scenario may use: of the system it runs against, also when that is not yet whole. */

import type { System } from '../system/system.ts';
import { isRecord } from '../system/validation.ts';

export interface Names {
  readonly backends: readonly string[];
  readonly models: readonly string[];
  readonly keys: readonly string[];
}

/** The names in a resolved system, or what can be made out of one that has mistakes. */
export const namesOf = (system: System | undefined, raw: unknown): Names =>
  system
    ? {
        backends: system.backends.map(({ name }) => name),
        models: system.models.map(({ name }) => name),
        keys: system.keys.map(({ name }) => name),
      }
    : {
        backends: keysOf(property(raw, 'backends')),
        models: keysOf(property(raw, 'models')),
        keys: itemsOf(raw, 'keys')
          .map((key) => property(key, 'name'))
          .filter((name) => typeof name === 'string'),
      };

const keysOf = (value: unknown): readonly string[] => (isRecord(value) ? Object.keys(value) : []);

/** The items of a list in a value as read; none where there is no list. */
export const itemsOf = (value: unknown, name: string): readonly unknown[] => {
  const list = property(value, name);
  return Array.isArray(list) ? list : [];
};

/** A property of a value as read. */
export const property = (value: unknown, name: string): unknown =>
  isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
