/** `spillway report`: render a saved log again. */

import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { CommandModule } from 'yargs';

import { jsonOption, langOption } from '../option.ts';
import { UsageError } from '../usage-error.ts';

interface ReportArguments {
  readonly run: string;
  readonly lang: 'en' | 'ja';
  readonly json: boolean;
}

export const reportCommand: CommandModule<object, ReportArguments> = {
  command: 'report <run>',
  describe: 'Render a saved run again, byte for byte the same',
  builder: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Run folder' })
      .option('lang', langOption)
      .option('json', jsonOption)
      .example('$0 report reports/latest --lang ja', 'the last run, in Japanese'),
  handler: async ({ run: named, lang, json }) => {
    const run = basename(named) === 'log.ndjson' ? dirname(named) : named;
    if (!existsSync(join(run, 'log.ndjson')))
      throw new UsageError(
        `${named}: expected a run folder with a log.ndjson, found none`,
        'Give the folder that `spillway run` printed last, such as reports/latest.',
      );
    const { summaryJson } = await import('../../report/summary-json.ts');
    const { textSummary } = await import('../../report/text.ts');
    const { renderFolder } = await import('../../run/conductor.ts');
    const { LogError } = await import('../../log/log-error.ts');
    const analysis = await renderFolder(run, lang).catch((error: unknown) => {
      // A log that is no log is a wrong word on the command line, not a broken machine.
      throw error instanceof LogError ? new UsageError(error.message, error.hint) : error;
    });
    process.stdout.write(
      json
        ? summaryJson(analysis)
        : textSummary(analysis, {
            language: lang,
            columns: process.stdout.columns ?? 80,
            isColour: process.stdout.hasColors?.() ?? false,
            runFolder: run,
          }),
    );
  },
};
