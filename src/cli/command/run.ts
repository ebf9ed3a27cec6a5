/** `spillway run`: replay a scenario, write the run folder, say the verdict. */

import type { CommandModule } from 'yargs';

import type { Scenario } from '../../scenario/scenario.ts';
import { exitCode } from '../exit-code.ts';
import {
  jsonOption,
  langOption,
  liveOption,
  localOnlyOption,
  seedOption,
  systemOption,
} from '../option.ts';
import { stopSignals } from '../stop.ts';
import { UsageError } from '../usage-error.ts';
import { version } from '../version.ts';

interface RunArguments {
  readonly scenario: string;
  readonly system: string | undefined;
  readonly target: string | undefined;
  readonly 'local-only': boolean;
  readonly 'allow-exec': boolean;
  readonly live: boolean;
  readonly quick: boolean;
  readonly lang: 'en' | 'ja';
  readonly json: boolean;
  readonly reports: string;
  readonly seed: number | undefined;
  readonly arm: readonly string[];
}

export const runCommand: CommandModule<object, RunArguments> = {
  command: 'run <scenario>',
  describe: 'Replay a scenario, write the run folder, say the verdict',
  builder: (yargs) =>
    yargs
      .positional('scenario', { type: 'string', demandOption: true, describe: 'Scenario file' })
      .option('system', systemOption)
      .option('target', {
        type: 'string',
        requiresArg: true,
        describe: 'URL of another proxy (with /v1) to replay against instead of our own',
      })
      .option('local-only', localOnlyOption)
      .option('allow-exec', {
        type: 'boolean',
        default: false,
        describe: 'Let faults run the commands that the scenario names',
      })
      .option('live', liveOption)
      .option('quick', {
        type: 'boolean',
        default: false,
        describe: 'Play each row of a suite once or twice: does it still hold',
      })
      .option('arm', {
        type: 'string',
        requiresArg: true,
        default: '',
        coerce: (arms: string) => arms.split(',').filter((name) => name !== ''),
        describe: 'Play these variants alone, separated by commas',
      })
      .option('seed', seedOption)
      .option('reports', {
        type: 'string',
        requiresArg: true,
        default: 'reports',
        describe: 'Folder for run folders',
      })
      .option('lang', langOption)
      .option('json', jsonOption)
      .example('$0 run scenarios/quickstart.yaml', 'everything simulated, in about a minute')
      .example(
        '$0 run scenarios/healthy.yaml --system spillway.yaml --local-only',
        'measure your own box, spend nothing',
      ),
  handler: async (options) => {
    if (options.target !== undefined) expectUrl(options.target);
    const { summaryJson } = await import('../../report/summary-json.ts');
    const { textSummary } = await import('../../report/text.ts');
    const { conduct } = await import('../../run/conductor.ts');
    const { predictRun } = await import('../../run/prediction.ts');
    const { preflight } = await import('../../run/preflight.ts');
    const { describeCommands } = await import('../../scenario/describe.ts');
    const { describeUndecidable, remarksOnSystem } = await import('../advice.ts');
    const { describeRemarks } = await import('../describe-system.ts');
    const { entropyIds } = await import('../../random/id.ts');
    const { progressDisplay } = await import('../progress.ts');
    const scenario = await scenarioOf(options);
    for (const line of describeCommands(scenario)) tell(line);
    for (const line of describeRemarks(remarksOnSystem(scenario.systemFile))) tell(line);
    await preflight(scenario, options.target);
    const { mistakes } = await predictRun(scenario);
    for (const line of describeUndecidable(mistakes)) tell(line);
    // Before the first word is said: who has read it may press Ctrl-C.
    using stop = stopSignals(() => progress.say('stopping; what has been measured is kept'));
    using progress = progressDisplay(scenario, process.stderr);
    const { folder, analysis } = await conduct(scenario, {
      reports: options.reports,
      spillway: version,
      runId: entropyIds().slice(0, 6),
      command: commandOf(options, scenario.seed),
      language: options.lang,
      isThreaded: true,
      ...(options.target !== undefined && { target: options.target }),
      isLocalOnly: options['local-only'],
      ...(options.live && { live: '.' }),
      watch: progress.see,
      stop: stop.signal,
    });
    progress.end();
    process.stdout.write(
      options.json
        ? summaryJson(analysis)
        : textSummary(analysis, {
            language: options.lang,
            columns: process.stdout.columns ?? 80,
            isColour: process.stdout.hasColors?.() ?? false,
            runFolder: folder,
          }),
    );
    process.exitCode = stop.signal.aborted
      ? exitCode[stop.signal.reason === 'terminated' ? 'terminated' : 'interrupted']
      : analysis.verdict.exitCode;
  },
};

/** The scenario as the command line asks for it. */
const scenarioOf = async (options: RunArguments): Promise<Scenario> => {
  const { unknownArms, withArms } = await import('../../scenario/arm-choice.ts');
  const { loadScenario } = await import('../../scenario/load.ts');
  const whole = loadScenario(options.scenario, {
    environment: process.env,
    isLocalOnly: options['local-only'],
    mayExecute: options['allow-exec'],
    isQuick: options.quick,
    ...(options.system !== undefined && { systemFile: options.system }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.target !== undefined && { target: options.target }),
  });
  const unknown = unknownArms(whole, options.arm);
  if (unknown.length > 0)
    throw new UsageError(
      `--arm: expected a variant of the scenario, found '${unknown.join(', ')}'`,
      `Write one of ${whole.arms.map(({ name }) => name).join(', ')}.`,
    );
  const scenario = options.arm.length > 0 ? withArms(whole, options.arm) : whole;
  if (options.live && (options.target !== undefined || scenario.arms.some((it) => it.suite)))
    throw new UsageError(
      'nothing can be broken by hand in a suite, nor behind another proxy',
      'Leave --live away: a suite arms its faults itself.',
    );
  if (options.quick && !scenario.arms.some((it) => it.suite))
    throw new UsageError(
      '--quick: expected a suite, found none',
      'Leave --quick away, or make `phases` shorter.',
    );
  return scenario;
};

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

const expectUrl = (target: string): void => {
  if (URL.canParse(target) && new URL(target).password !== '')
    throw new UsageError(
      '--target: expected an address without a password, found one in it',
      'Name the key in the scenario instead: `key:` of a workload.',
    );
  if (URL.canParse(target) && /^https?:$/.test(new URL(target).protocol)) return;
  throw new UsageError(
    `--target: expected an address, found '${target}'`,
    'Write it with its scheme and path: http://127.0.0.1:4000/v1',
  );
};

/** The command that reproduces the run, with the seed said. */
const commandOf = (options: RunArguments, seed: number): string =>
  [
    'spillway run',
    options.scenario,
    ...(options.system === undefined ? [] : [`--system ${options.system}`]),
    ...(options.target === undefined ? [] : [`--target ${options.target}`]),
    ...(options['local-only'] ? ['--local-only'] : []),
    ...(options['allow-exec'] ? ['--allow-exec'] : []),
    ...(options.live ? ['--live'] : []),
    ...(options.quick ? ['--quick'] : []),
    ...(options.arm.length > 0 ? [`--arm ${options.arm.join(',')}`] : []),
    `--seed ${seed}`,
    ...(options.lang === 'en' ? [] : [`--lang ${options.lang}`]),
  ].join(' ');
