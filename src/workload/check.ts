/**
 * Mistakes in an entry of `workloads:` that its shape alone does not show: fields that contradict
 * one another, or that the profile would silently ignore.
 */

import { parseDuration } from '../time/duration.ts';
import type { Counts, Durations, WorkloadSpec } from './schema.ts';

/** What is wrong with a field of the entry, and what to do about it. */
export interface WorkloadMistake {
  /** Within the entry: `script[0].think`. */
  readonly path: string;
  readonly problem: string;
  readonly hint: string;
}

/** A workload that cannot be opened as written. */
export class WorkloadError extends Error {
  override readonly name = 'WorkloadError';
  /** Where in the scenario: `workloads[1].documents`. */
  readonly at: string;
  readonly hint: string;

  constructor(at: string, problem: string, hint: string, options?: ErrorOptions) {
    super(`${at}: ${problem}`, options);
    this.at = at;
    this.hint = hint;
  }
}

/** Finds all mistakes of one entry whose shape is right. */
export const workloadMistakes = (spec: WorkloadSpec): readonly WorkloadMistake[] => [
  ...(spec.profile === 'scripted' ? scriptMistakes(spec) : profileMistakes(spec)),
  ...rangeMistakes(spec),
];

const scriptMistakes = (spec: WorkloadSpec): readonly WorkloadMistake[] => {
  const mistakes: WorkloadMistake[] = [];
  if (!spec.script && !(spec.turns && spec.answerTokens)) {
    mistakes.push({
      path: 'profile',
      problem: 'expected `script`, or `turns` and `answerTokens`, beside `profile: scripted`',
      hint: 'Write `turns: 3`, `answerTokens: [40, 60]` and `think: [1 s, 2 s]`, or a `script`.',
    });
  }
  if (spec.script && spec.answerTokens) {
    mistakes.push({
      path: 'answerTokens',
      problem: 'expected in each turn of `script`, found beside it',
      hint: 'Remove it here: each turn of a script says its own `answerTokens`.',
    });
  }
  spec.script?.forEach((turn, at) => {
    if (turn.prompt && turn.promptTokens) {
      mistakes.push({
        path: `script[${at}]`,
        problem: 'expected `prompt` or `promptTokens`, found both',
        hint: 'Give the words, or a length to be filled with words.',
      });
    }
  });
  if (spec.documents) mistakes.push(documentsIgnored);
  return mistakes;
};

const profileMistakes = (spec: WorkloadSpec): readonly WorkloadMistake[] => {
  const mistakes: WorkloadMistake[] = [];
  if (spec.script) {
    mistakes.push({
      path: 'script',
      problem: `expected with \`profile: scripted\` only, found with ${spec.profile}`,
      hint: 'Change the profile to `scripted`, or remove the script.',
    });
  }
  if (spec.profile !== 'private-miner') {
    if (spec.documents) mistakes.push(documentsIgnored);
    return mistakes;
  }
  if (!spec.documents) {
    mistakes.push({
      path: 'profile',
      problem: 'expected `documents`, a folder, beside `profile: private-miner`',
      hint: 'Write `documents: documents/` for the folder that comes with the scenarios.',
    });
  }
  if (spec.promptTokens) {
    mistakes.push({
      path: 'promptTokens',
      problem: 'expected none with `profile: private-miner`, whose prompts are the documents',
      hint: 'Remove it.',
    });
  }
  return mistakes;
};

const documentsIgnored: WorkloadMistake = {
  path: 'documents',
  problem: 'expected with `profile: private-miner` only',
  hint: 'Remove it, or change the profile to `private-miner`.',
};

const rangeMistakes = (spec: WorkloadSpec): readonly WorkloadMistake[] => {
  const entries: readonly (
    | readonly [string, Counts | undefined]
    | readonly [string, Durations | undefined]
  )[] = [
    ['turns', spec.turns],
    ['promptTokens', spec.promptTokens],
    ['answerTokens', spec.answerTokens],
    ['think', spec.think],
    ...(spec.script ?? []).flatMap((turn, at) => [
      [`script[${at}].promptTokens`, turn.promptTokens] as const,
      [`script[${at}].answerTokens`, turn.answerTokens] as const,
      [`script[${at}].think`, turn.think] as const,
    ]),
  ];
  return entries.flatMap(([path, range]) => {
    if (!Array.isArray(range)) return [];
    const [min = 0, max = 0] = range.map((end) => parseDuration(end) ?? 0);
    if (min <= max) return [];
    return [
      {
        path,
        problem: `expected a range from low to high, found [${range.join(', ')}]`,
        hint: `Write [${range.toReversed().join(', ')}].`,
      },
    ];
  });
};
