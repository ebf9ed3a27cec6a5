/** How the command line talks about what went wrong. */

import { exitCode } from './exit-code.ts';

/** Renders any thrown value for a person: what happened, and what they can do about it. */
export const explain = (error: unknown): string => {
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  if (hasHint(error)) {
    const hint = error.message.includes(error.hint) ? '' : `\n\nhint: ${error.hint}`;
    return `error: ${error.message}${hint}`;
  }

  return `error: ${error.message}\n\nThis is our bug, not yours.\n${error.stack ?? ''}`;
};

/**
 * A file or command line that cannot be used is 2; a world that is not as needed is 3; anything
 * without a hint is ours.
 */
export const exitCodeOf = (error: unknown): number => {
  if (!(error instanceof Error) || !hasHint(error)) return exitCode.bug;

  return unusable.has(error.name) ? exitCode.unusable : exitCode.unreachable;
};

/** Errors of people's files and words; every other error with a hint is the world's. */
const unusable: ReadonlySet<string> = new Set([
  'FileError',
  'LoadError',
  'OpenToEveryoneError',
  'OrderError',
  'UsageError',
  'WorkloadError',
]);

const hasHint = (error: Error): error is Error & { readonly hint: string } =>
  'hint' in error && typeof error.hint === 'string';
