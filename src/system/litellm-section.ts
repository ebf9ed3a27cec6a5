/**
 * A group of keys of a foreign file, read key by key.
 *
 * Whoever reads a key takes it; what nobody has taken at the end is told. So nothing of the file
 * can be ignored in silence, whatever LiteLLM adds to its keys.
 */

import type { SourceDocument } from './document.ts';
import type { Environment } from './environment.ts';
import type { Mistake, Remark } from './mistake.ts';
import { isRecord } from './validation.ts';

export type Path = readonly (string | number)[];

/** What a whole file is read with, and what comes to light on the way. */
export interface Reading {
  readonly document: SourceDocument;
  readonly environment: Environment;
  readonly mistakes: Mistake[];
  readonly remarks: Remark[];
}

/** Says something of a place in the file. */
export const remarkAt = (reading: Reading, path: Path, text: string, isKey = false): void => {
  const { hint: _, ...remark } = reading.document.mistake(path, text, '', isKey);
  reading.remarks.push(remark);
};

export class Section {
  readonly path: Path;
  readonly #reading: Reading;
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #taken = new Set<string>();

  constructor(reading: Reading, value: Readonly<Record<string, unknown>>, path: Path) {
    this.#reading = reading;
    this.#value = value;
    this.path = path;
  }

  get keys(): readonly string[] {
    return Object.keys(this.#value);
  }

  has(key: string): boolean {
    return (
      Object.hasOwn(this.#value, key) && this.#value[key] !== undefined && this.#value[key] !== null
    );
  }

  /** The value as it stands, or from the environment where it says `os.environ/NAME`. */
  take(key: string): unknown {
    return this.#filledIn(this.#raw(key), [...this.path, key]);
  }

  text(key: string): string | undefined {
    const value = this.take(key);
    if (value === undefined || typeof value === 'string') return value === '' ? undefined : value;
    if (typeof value === 'number') return String(value);
    return this.#wrong(key, 'a text', value);
  }

  /** A number, also as the text that the environment gives. */
  number(key: string, min = 0): number | undefined {
    const value = this.take(key);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number) && number >= min) return number;
    return this.#wrong(key, `a number of at least ${min}`, value);
  }

  flag(key: string): boolean | undefined {
    const value = this.take(key);
    if (value === undefined || typeof value === 'boolean') return value;
    if (typeof value === 'string' && /^(?:true|false)$/i.test(value)) return /^t/i.test(value);
    return this.#wrong(key, 'true or false', value);
  }

  list(key: string): readonly unknown[] {
    const value = this.#raw(key);
    if (value === undefined) return [];
    return Array.isArray(value) ? value : (this.#wrong(key, 'a list', value) ?? []);
  }

  /** A group of keys; empty where there is none. */
  section(key: string): Section {
    const value = this.#raw(key) ?? {};
    const group = isRecord(value) ? value : this.#wrong(key, 'a group of keys', value);
    return new Section(this.#reading, group ?? {}, [...this.path, key]);
  }

  /** The first of these variables that is set. */
  fromEnvironment(names: readonly string[]): string | undefined {
    return names
      .map((name) => this.#reading.environment[name])
      .find((it) => it !== undefined && it !== '');
  }

  /** Says something of a key. */
  remark(key: string, text: string): void {
    this.#taken.add(key);
    remarkAt(this.#reading, [...this.path, key], text, true);
  }

  mistake(key: string, problem: string, hint: string): void {
    this.#reading.mistakes.push(this.#reading.document.mistake([...this.path, key], problem, hint));
  }

  /** Tells every key that nobody took, with the reason where there is one to give. */
  tellRest(reasons: Readonly<Record<string, string>>): void {
    for (const key of Object.keys(this.#value)) {
      if (this.#taken.has(key)) continue;
      const reason = Object.hasOwn(reasons, key) ? reasons[key] : undefined;
      this.remark(key, `not supported: ${reason ?? 'it has no effect here'}`);
    }
  }

  #raw(key: string): unknown {
    this.#taken.add(key);
    return this.has(key) ? this.#value[key] : undefined;
  }

  #wrong(key: string, expected: string, value: unknown): undefined {
    // What comes from the environment may be a secret.
    const isGiven = value === this.#value[key];
    const shown = typeof value === 'string' ? `'${value}'` : describeKind(value);
    const found = isGiven ? shown : `something else in ${String(this.#value[key])}`;
    this.mistake(key, `expected ${expected}, found ${found}`, `Write ${expected}.`);
    return undefined;
  }

  #filledIn(value: unknown, path: Path): unknown {
    const name = typeof value === 'string' ? /^os\.environ\/(.+)$/.exec(value)?.[1] : undefined;
    if (name === undefined) return value;
    const found = this.#reading.environment[name];
    if (found !== undefined && found !== '') return found;
    this.#reading.mistakes.push(
      this.#reading.document.mistake(
        path,
        `expected the environment variable ${name} to be set, found nothing`,
        `Set it: export ${name}=…`,
      ),
    );
    return undefined;
  }
}

const describeKind = (value: unknown): string => {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return isRecord(value) ? 'a group of keys' : String(value);
};
