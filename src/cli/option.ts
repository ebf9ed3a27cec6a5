/** Options that several commands share, as values. */

import type { Options } from 'yargs';

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
  describe: 'System file to use in place of the one the scenario names',
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

export const portOption = {
  type: 'number',
  requiresArg: true,
  describe: 'Port to listen on, in place of the one in the file',
} satisfies Options;
