/**
 * Some arms of a scenario in place of all. What was to hold in the others is asked of nobody.
 */

import { parseObjective } from '../metric/objective.ts';
import type { Scenario } from './scenario.ts';

/** The scenario with these arms alone, in the order of the file. */
export const withArms = (scenario: Scenario, names: readonly string[]): Scenario => ({
  ...scenario,
  arms: scenario.arms.filter(({ name }) => names.includes(name)),
  objectives: scenario.objectives.filter((text) => {
    const objective = parseObjective(text);
    return 'error' in objective || objective.arm === undefined || names.includes(objective.arm);
  }),
});

/** Those of the names that no arm bears. */
export const unknownArms = ({ arms }: Scenario, names: readonly string[]): readonly string[] =>
  names.filter((name) => !arms.some((arm) => arm.name === name));
