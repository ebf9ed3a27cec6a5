/** `spillway run`: replay a scenario, write the run folder, say the verdict. */

import type { CommandModule } from 'yargs';

import { summaryJson } from '../../report/summary-json.ts';
import { textSummary } from '../../report/text.ts';
import { conduct } from '../../run/conductor.ts';
import { preflight } from '../../run/preflight.ts';
import { loadScenario } from '../../scenario/load.ts';
import { entropyIds } from '../../random/id.ts';
import { exitCode } from '../exit-code.ts';
import { jsonOption, langOption, localOnlyOption, systemOption } from '../option.ts';
import { progressDisplay } from '../progress.ts';
import { stopSignals } from '../stop.ts';
import { version } from '../version.ts';

interface RunArguments {
  readonly scenario: string;
  readonly system: string | undefined;
  readonly target: string | undefined;
  readonly 'local-only': boolean;
  readonly lang: 'en' | 'ja';
  readonly json: boolean;
  readonly reports: string;
  readonly seed: number | undefined;
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
      .option('seed', {
        type: 'number',
        requiresArg: true,
        describe: 'Seed, in place of the one in the file',
      })
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
    const scenario = loadScenario(options.scenario, {
      environment: process.env,
      isLocalOnly: options['local-only'],
      ...(options.system !== undefined && { systemFile: options.system }),
      ...(options.seed !== undefined && { seed: options.seed }),
      ...(options.target !== undefined && { target: options.target }),
    });
    if (options.target === undefined) await preflight(scenario);
    using progress = progressDisplay(scenario, process.stderr);
    using stop = stopSignals(() => progress.say('stopping; what has been measured is kept'));
    const { folder, analysis } = await conduct(scenario, {
      reports: options.reports,
      spillway: version,
      runId: entropyIds().slice(0, 6),
      command: commandOf(options, scenario.seed),
      language: options.lang,
      isThreaded: true,
      ...(options.target !== undefined && { target: options.target }),
      isLocalOnly: options['local-only'],
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

/** The command that reproduces the run, with the seed said. */
const commandOf = (options: RunArguments, seed: number): string =>
  [
    'spillway run',
    options.scenario,
    ...(options.system === undefined ? [] : [`--system ${options.system}`]),
    ...(options.target === undefined ? [] : [`--target ${options.target}`]),
    ...(options['local-only'] ? ['--local-only'] : []),
    `--seed ${seed}`,
    ...(options.lang === 'en' ? [] : [`--lang ${options.lang}`]),
  ].join(' ');
