/** `spillway report`: render a saved log again. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { CommandModule } from 'yargs';

import { summaryJson } from '../../report/summary-json.ts';
import { textSummary } from '../../report/text.ts';
import { renderFolder } from '../../run/conductor.ts';
import { UsageError } from '../explain.ts';
import { jsonOption, langOption } from '../option.ts';

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
  handler: async ({ run, lang, json }) => {
    if (!existsSync(join(run, 'log.ndjson')))
      throw new UsageError(
        `${run}: expected a run folder with a log.ndjson, found none`,
        'Give the folder that `spillway run` printed last, such as reports/latest.',
      );
    const analysis = await renderFolder(run, lang);
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
