/** One experiment as resolved from its file: every arm with its own hybrid, load and faults. */

import type { Static } from 'typebox';

import type { Phases } from '../load/phase.ts';
import type { workloadSchema } from '../load/schema.ts';
import type { System } from '../system/system.ts';
import type { Peer } from './peer.ts';
import type { Suite } from './suite.ts';
import type { PlannedFault } from '../target/fault/fault.ts';

/** What is asked, and when. */
export type LoadedWorkload = Static<typeof workloadSchema>;

/** One variant of the experiment, run on its own from beginning to end. */
export interface Arm {
  readonly name: string;
  readonly system: System;
  readonly workloads: readonly LoadedWorkload[];
  /** Instants count from the arm's own beginning. */
  readonly faults: readonly PlannedFault[];
  /** In place of Spillway's own proxy: the yardstick, or somebody else's. */
  readonly proxy?: 'naive-retry' | 'foreign';
  /** Of somebody else's, where it was named in the file. */
  readonly peer?: Peer;
  /** Rows that are played trial by trial, in place of faults in time. */
  readonly suite?: Suite;
}

export interface Scenario {
  readonly name: string;
  readonly question: string;
  /** The file, as the user named it. */
  readonly file: string;
  /** Folder that paths in the file are relative to. */
  readonly directory: string;
  /** The system file, as named or found. */
  readonly systemFile: string;
  readonly seed: number;
  readonly thinkScale: number;
  /** Limits per request that goodput counts against: metric id to a value in its unit. */
  readonly limits: Readonly<Record<string, number>>;
  readonly phases: Phases;
  readonly arms: readonly Arm[];
  readonly objectives: readonly string[];
}
