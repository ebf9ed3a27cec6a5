/** `spillway check`: parse, resolve, predict, describe; run nothing. */

import type { CommandModule } from 'yargs';

import { predictRun, type RunPrediction } from '../../run/prediction.ts';
import { describeScenario } from '../../scenario/describe.ts';
import { loadScenario } from '../../scenario/load.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { readDocument } from '../../system/document.ts';
import { FileError } from '../../system/mistake.ts';
import { withoutSecrets } from '../../system/resolve.ts';
import type { System } from '../../system/system.ts';
import { loadSystem } from '../listen.ts';
import { jsonOption, localOnlyOption, systemOption } from '../option.ts';

interface CheckArguments {
  readonly file: string;
  readonly system: string | undefined;
  readonly 'local-only': boolean;
  readonly json: boolean;
}

export const checkCommand: CommandModule<object, CheckArguments> = {
  command: 'check <file>',
  describe: 'Read a scenario or system file, predict what it comes to, run nothing',
  builder: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'File to check' })
      .option('system', systemOption)
      .option('local-only', localOnlyOption)
      .option('json', jsonOption)
      .example('$0 check scenarios/quickstart.yaml', 'samples and worst-case spend')
      .example('$0 check spillway.yaml', 'what the proxy would do'),
  handler: async (options) => {
    const { value } = readDocument(options.file);
    const isScenario =
      typeof value === 'object' && value !== null && ('workloads' in value || 'question' in value);
    process.stdout.write(
      isScenario ? await checkScenario(options) : describeSystem(loadSystem(options.file), options),
    );
  },
};

const checkScenario = async (options: CheckArguments): Promise<string> => {
  const scenario = loadScenario(options.file, {
    environment: process.env,
    isLocalOnly: options['local-only'],
    ...(options.system !== undefined && { systemFile: options.system }),
  });
  const prediction = await predictRun(scenario);
  if (prediction.mistakes.length > 0) throw new FileError(prediction.mistakes);

  return options.json
    ? `${JSON.stringify({ name: scenario.name, ...prediction }, undefined, 2)}\n`
    : describePrediction(scenario, prediction);
};

const describePrediction = (scenario: Scenario, prediction: RunPrediction): string => {
  const lines = [scenario.question, describeScenario(scenario), ''];
  for (const { arm, workload, sessions, exchanges, worstCaseUsd } of prediction.workloads) {
    const cost =
      worstCaseUsd === undefined
        ? 'nothing to pay'
        : `at most ${worstCaseUsd.toFixed(3)} USD if all went to the cloud`;
    lines.push(`${arm}  ${workload}: about ${sessions} sessions, ${exchanges} requests, ${cost}`);
  }
  const limit = scenario.arms[0]?.system.economics.spendMaxUsd;
  lines.push(limit === undefined ? 'no spend limit is set' : `stops at ${limit.toFixed(2)} USD`, '');
  for (const { text, arm, samples, floor } of prediction.objectives)
    lines.push(
      `${arm}  ${text}: ${samples === undefined ? 'not foreseen' : `about ${samples}`} values, needs ${floor}`,
    );
  return `${lines.join('\n')}\n`;
};

const describeSystem = (system: System, { json }: CheckArguments): string => {
  if (json) return `${JSON.stringify(withoutSecrets(system), undefined, 2)}\n`;
  const lines = [`listens on ${system.listen.host}:${system.listen.port}, state in ${system.state.kind}`];
  for (const backend of system.backends)
    lines.push(
      `backend ${backend.name}: ${backend.wire}, ${backend.residency}, ` +
        `${backend.simulate ? 'simulated' : backend.urls.join(' then ')}, ${backend.slots} at once`,
    );
  for (const { name, candidates } of system.models)
    lines.push(
      `model ${name}: ${candidates.map(({ backend, model }) => `${backend} (${model})`).join(', then ')}`,
    );
  for (const { name, residency } of system.keys) lines.push(`key ${name}: ${residency}`);
  lines.push(`mid-stream: ${system.midStream}; cold model: ${system.cold}`);
  return `${lines.join('\n')}\n`;
};
