/**
 * The habits a workload follows: those of its profile, or its script, with what the scenario
 * overrides.
 */

import assert from 'node:assert/strict';

import { type Law, lawOfCounts, lawOfDurations } from './law.ts';
import { type Profile, profiles } from './profile.ts';
import type { ScriptedTurn, WorkloadSpec } from './schema.ts';

/** What one turn of a session follows. */
interface TurnHabit {
  /** Words given in a script; otherwise words are made up, of the length drawn. */
  readonly prompt?: string;
  readonly promptTokens?: Law;
  readonly answerTokens: Law;
  readonly thinkMs: Law;
}

export interface Habits {
  readonly instructionTokens: number;
  readonly turns: Law;
  /** By position in the session, from 0. */
  turn(at: number): TurnHabit;
}

/** Resolves an entry that has no mistakes. */
export const habitsOf = (spec: WorkloadSpec): Habits =>
  spec.profile === 'scripted' ? scriptHabits(spec) : profileHabits(spec, profiles[spec.profile]);

const profileHabits = (spec: WorkloadSpec, profile: Profile): Habits => {
  const answerTokens = spec.answerTokens ? lawOfCounts(spec.answerTokens) : profile.answerTokens;
  const thinkMs = spec.think === undefined ? profile.thinkMs : lawOfDurations(spec.think);
  const own = spec.promptTokens ? lawOfCounts(spec.promptTokens) : undefined;
  const habitAfter = (promptTokens: Law | undefined): TurnHabit => ({
    ...(promptTokens ? { promptTokens } : {}),
    answerTokens,
    thinkMs,
  });
  const first = habitAfter(own ?? profile.promptTokens?.first);
  const next = habitAfter(own ?? profile.promptTokens?.next);

  return {
    instructionTokens: profile.instructionTokens,
    turns: spec.turns ? lawOfCounts(spec.turns) : profile.turns,
    turn: (at) => (at === 0 ? first : next),
  };
};

/** Of a made-up prompt whose length the script leaves open. */
const scriptPromptTokens: Law = { kind: 'uniform', min: 40, max: 80 };

const scriptHabits = (spec: WorkloadSpec): Habits => {
  const script: readonly ScriptedTurn[] = spec.script ?? [{ answerTokens: spec.answerTokens ?? 1 }];
  const habits = script.map((turn): TurnHabit => {
    const promptTokens = turn.promptTokens ?? spec.promptTokens;
    return {
      ...(turn.prompt === undefined
        ? { promptTokens: promptTokens ? lawOfCounts(promptTokens) : scriptPromptTokens }
        : { prompt: turn.prompt }),
      answerTokens: lawOfCounts(turn.answerTokens),
      thinkMs: lawOfDurations(turn.think ?? spec.think ?? 0),
    };
  });

  return {
    instructionTokens: 0,
    turns: spec.turns ? lawOfCounts(spec.turns) : { kind: 'fixed', value: script.length },
    // A script is begun again when the session has more turns than it.
    turn: (at) => {
      const habit = habits[at % habits.length];
      assert.ok(habit, 'a script has at least one turn');
      return habit;
    },
  };
};
