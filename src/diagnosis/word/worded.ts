/** Findings as data that also says itself in words, for JSON. */

import type { BackendDiagnosis, Finding } from '../finding.ts';
import { type DiagnosisWords, type Saying, say } from './language.ts';

export type WordedFinding = Finding & Saying;

/** Each finding with what it says and what to do. */
export const wordedFindings = (
  findings: readonly Finding[],
  words: DiagnosisWords,
): readonly WordedFinding[] => findings.map((it) => ({ ...it, ...say(words, it.fact) }));

/** A backend's diagnosis with its findings in words. */
export const wordedBackend = (diagnosis: BackendDiagnosis, words: DiagnosisWords) => ({
  ...diagnosis,
  addresses: diagnosis.addresses.map((address) => ({
    ...address,
    findings: wordedFindings(address.findings, words),
  })),
});
