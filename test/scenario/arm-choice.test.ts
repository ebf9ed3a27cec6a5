import { expect, test } from 'vitest';

import { unknownArms, withArms } from '../../src/scenario/arm-choice.ts';
import { loadScenario } from '../../src/scenario/load.ts';

const scenario = {
  ...loadScenario('scenarios/spark-dies-mid-answer.yaml', { environment: {}, isLocalOnly: false }),
  objectives: ['failed = 0', 'ttfo p50 @fail < 3 s', 'ttfo p50 @continue < 3 s'],
};

test('of a scenario with one arm chosen, the other is neither played nor asked for anything', () => {
  const chosen = withArms(scenario, ['continue']);
  expect(chosen.arms.map(({ name }) => name)).toEqual(['continue']);
  expect(chosen.objectives).toEqual(['failed = 0', 'ttfo p50 @continue < 3 s']);
});

test('an arm that is not there is named', () => {
  expect(unknownArms(scenario, ['continue', 'contineu'])).toEqual(['contineu']);
});
