/** Options that several commands share, as values. */

import type { Options } from 'yargs';

import { UsageError } from './usage-error.ts';

export const langOption = {
  choices: ['en', 'ja'] as const,
  default: 'en' as const,
  describe: 'Language of reports',
} satisfies Options;

export const jsonOption = {
  type: 'boolean',
  default: false,
  describe: 'Print the result as JSON on stdout',
} satisfies Options;

export const systemOption = {
  type: 'string',
  requiresArg: true,
  describe: 'System file, or a LiteLLM config.yaml, in place of the one the scenario names',
} satisfies Options;

export const localOnlyOption = {
  type: 'boolean',
  default: false,
  describe: 'Take every cloud out: nothing leaves, nothing is spent',
} satisfies Options;

export const hostOption = {
  type: 'string',
  requiresArg: true,
  describe: 'Address to listen on, in place of the one in the file',
} satisfies Options;

/** Reads a whole number within bounds; a port, a seed. */
const wholeNumber =
  (name: string, max: number) =>
  (value: unknown): number | undefined => {
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max)
      return value;
    throw new UsageError(
      `--${name}: expected a whole number from 0 to ${max}, found ${typeof value === 'number' ? value : 'something else'}`,
      `Write \`--${name} 7\`, say.`,
    );
  };

export const portOption = {
  type: 'number',
  requiresArg: true,
  coerce: wholeNumber('port', 65_535),
  describe: 'Port to listen on, in place of the one in the file',
} satisfies Options;

export const seedOption = {
  type: 'number',
  requiresArg: true,
  coerce: wholeNumber('seed', 2 ** 32 - 1),
  describe: 'Seed, in place of the one in the file',
} satisfies Options;

export const liveOption = {
  type: 'boolean',
  default: false,
  describe: 'Let `spillway fault` break backends meanwhile, in the same folder',
} satisfies Options;
