/**
 * The package's public face: what a program needs that runs scenarios, reads runs, or serves the
 * proxy by itself. Everything else may change without notice.
 */

export { analyse } from './analysis/analyse.ts';
export type { Analysis, FailoverRow, SummaryRow } from './analysis/analysis.ts';
export type { Exchange, LogEntry, Manifest } from './log/entry.ts';
export { readLog, type RunLog } from './log/reader.ts';
export { renderRun } from './report/report.ts';
export { conduct, type RunOptions, type RunResult } from './run/conductor.ts';
export { type Hybrid, openHybrid } from './run/hybrid.ts';
export { loadScenario, type LoadOptions } from './scenario/load.ts';
export type { Scenario } from './scenario/scenario.ts';
export { parseSource, readDocument } from './system/document.ts';
export { FileError, type Mistake } from './system/mistake.ts';
export { resolveSystem } from './system/resolve.ts';
export type { System } from './system/system.ts';
