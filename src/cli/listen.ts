/**
 * What `serve` and `simulate` share: which system, where to listen, and living until told to end.
 */

import { fileURLToPath } from 'node:url';

import { readDocument, type SourceDocument } from '../system/document.ts';
import { systemDocument } from '../system/litellm.ts';
import { FileError, type Remark } from '../system/mistake.ts';
import { resolveSystem } from '../system/resolve.ts';
import type { System } from '../system/system.ts';

/** The simulated hybrid that is used when no file is named; it lies beside the scenarios. */
const defaultSystem = fileURLToPath(
  new URL('../../scenarios/systems/hybrid-simulated.yaml', import.meta.url),
);

/** A system, and what there is to know of its file. */
export interface LoadedSystem {
  readonly system: System;
  readonly remarks: readonly Remark[];
}

/**
 * Reads a system file, LiteLLM's or our own, or the simulated hybrid. Throws a `FileError` with
 * every mistake.
 */
export const loadSystem = (file: string | undefined): LoadedSystem => {
  const document = systemDocument(readDocument(file ?? defaultSystem), process.env);
  expectSystem(document);
  const { value, mistakes, remarks } = resolveSystem(document, process.env);
  if (!value) throw new FileError(mistakes);

  return { system: value, remarks };
};

/** One mistake instead of one for each key, where a scenario was given for a system. */
const expectSystem = (document: SourceDocument): void => {
  const { value } = document;
  if (typeof value !== 'object' || value === null) return;
  if (!('workloads' in value) || 'backends' in value) return;
  const problem = 'expected a system file, found a scenario';
  const hint = 'Name a system file, such as the one its `system:` names.';
  throw new FileError([document.mistake(['workloads'], problem, hint, true)]);
};

/** Resolves when the process is asked to end. */
export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
