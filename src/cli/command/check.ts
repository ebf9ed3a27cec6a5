/** `spillway check`: parse, resolve, predict, describe; run nothing. */

import type { CommandModule } from 'yargs';

import type { RunPrediction } from '../../run/prediction.ts';
import type { Arm, Scenario } from '../../scenario/scenario.ts';
import type { System } from '../../system/system.ts';
import { jsonOption, localOnlyOption, systemOption } from '../option.ts';

interface CheckArguments {
  readonly file: string;
  readonly system: string | undefined;
  readonly 'local-only': boolean;
  readonly json: boolean;
  readonly emit: 'litellm' | 'litellm-tuned' | undefined;
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
      .option('emit', {
        choices: ['litellm', 'litellm-tuned'] as const,
        describe: 'Print a LiteLLM config.yaml that points at the shims of a suite',
      })
      .example('$0 check scenarios/quickstart.yaml', 'samples and worst-case spend')
      .example('$0 check spillway.yaml', 'what the proxy would do')
      .example('$0 check config.yaml', 'what becomes of a LiteLLM file'),
  handler: async (options) => {
    const { readDocument } = await import('../../system/document.ts');
    const { value } = readDocument(options.file);
    const isScenario =
      typeof value === 'object' && value !== null && ('workloads' in value || 'question' in value);
    if (options.emit !== undefined) {
      process.stdout.write(await emitLiteLlm(options, options.emit));
      return;
    }
    process.stdout.write(isScenario ? await checkScenario(options) : await checkSystem(options));
  },
};

const emitLiteLlm = async (
  { file, system }: CheckArguments,
  emit: NonNullable<CheckArguments['emit']>,
): Promise<string> => {
  const { liteLlmConfig } = await import('../litellm-config.ts');
  const { loadScenario } = await import('../../scenario/load.ts');
  const scenario = loadScenario(file, {
    environment: process.env,
    isLocalOnly: false,
    ...(system !== undefined && { systemFile: system }),
  });
  return liteLlmConfig(scenario, emit === 'litellm' ? 'documented' : 'tuned');
};

const checkScenario = async (options: CheckArguments): Promise<string> => {
  const { predictRun } = await import('../../run/prediction.ts');
  const { loadScenario } = await import('../../scenario/load.ts');
  const { describeCommands, describeScenario } = await import('../../scenario/describe.ts');
  const { FileError } = await import('../../system/mistake.ts');
  const scenario = loadScenario(options.file, {
    environment: process.env,
    isLocalOnly: options['local-only'],
    // Nothing is run; what would be is told.
    mayExecute: true,
    ...(options.system !== undefined && { systemFile: options.system }),
  });
  const { remarksOnSystem } = await import('../advice.ts');
  const { describeRemarks } = await import('../describe-system.ts');
  const remarks = remarksOnSystem(scenario.systemFile);
  const prediction = await predictRun(scenario);
  if (prediction.mistakes.length > 0) throw new FileError(prediction.mistakes);

  return options.json
    ? `${JSON.stringify({ name: scenario.name, ...prediction, remarks }, undefined, 2)}\n`
    : describePrediction(
        scenario,
        [
          describeScenario(scenario),
          ...describeCommands(scenario),
          ...describeRemarks(remarks),
        ].join('\n'),
        prediction,
      );
};

const describePrediction = (
  scenario: Scenario,
  description: string,
  prediction: RunPrediction,
): string => {
  const lines = [scenario.question, description, ''];
  for (const { arm, workload, sessions, exchanges, worstCaseUsd } of prediction.workloads) {
    const isFree = worstCaseUsd === undefined || !scenario.arms.some(mayCost);
    const cost = isFree ? '' : `, at most ${worstCaseUsd.toFixed(3)} USD if all went to the cloud`;
    lines.push(`${arm}  ${workload}: about ${sessions} sessions, ${exchanges} requests${cost}`);
  }
  lines.push(describeSpending(scenario), '');
  for (const { text, arm, samples, floor } of prediction.objectives)
    lines.push(
      `${arm}  ${text}: ${samples === undefined ? 'not foreseen' : `about ${samples}`} values, needs ${floor}`,
    );
  return `${lines.join('\n')}\n`;
};

/** Loading refuses a run that could spend without a limit, so one of the two is there. */
const describeSpending = ({ arms }: Scenario): string => {
  const limits = arms.filter(mayCost).map(({ system }) => system.economics.spendMaxUsd ?? 0);
  return limits.length === 0
    ? 'nothing is spent: no backend of this run costs money'
    : `stops when ${Math.max(...limits).toFixed(2)} USD are spent`;
};

const mayCost = ({ system }: Arm): boolean => system.backends.some(isPaid);

const isPaid = ({ residency, simulate }: System['backends'][number]): boolean =>
  residency === 'cloud' && simulate === undefined;

const checkSystem = async ({ file, json }: CheckArguments): Promise<string> => {
  const { loadSystem } = await import('../listen.ts');
  const { withoutSecrets } = await import('../../system/resolve.ts');
  const { describeRemarks, describeSystem } = await import('../describe-system.ts');
  const { system, remarks } = loadSystem(file);
  return json
    ? `${JSON.stringify({ ...withoutSecrets(system), remarks }, undefined, 2)}\n`
    : `${[...describeSystem(system), ...describeRemarks(remarks)].join('\n')}\n`;
};
