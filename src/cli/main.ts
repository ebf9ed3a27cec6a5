#!/usr/bin/env node
/** The command line: which commands there are, and what their failure looks like. */

import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';

import { benchCommand } from './command/bench.ts';
import { checkCommand } from './command/check.ts';
import { initCommand } from './command/init.ts';
import { reportCommand } from './command/report.ts';
import { runCommand } from './command/run.ts';
import { schemaCommand } from './command/schema.ts';
import { serveCommand } from './command/serve.ts';
import { simulateCommand } from './command/simulate.ts';
import { exitCode } from './exit-code.ts';
import { exitCodeOf, explain, UsageError } from './explain.ts';
import { version } from './version.ts';

// A reader that closes early (`| head`) is not an error.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCode.ok);
    throw error;
  });

const commandLine = yargs(hideBin(process.argv))
  .scriptName('spillway')
  .usage(
    [
      'Load tests for local-first LLM serving with a cloud fallback.',
      '',
      '  $0 run scenarios/quickstart.yaml        a first run, everything simulated',
      '  $0 serve                                the Responses proxy on 127.0.0.1:4000',
      '  $0 init http://spark:11434              write spillway.yaml for your own box',
      '',
      'Usage: $0 <command>',
    ].join('\n'),
  )
  .command(runCommand)
  .command(reportCommand)
  .command(checkCommand)
  .command(serveCommand)
  .command(simulateCommand)
  .command(initCommand)
  .command(benchCommand)
  .command(schemaCommand)
  .completion('completion', 'Print a completion script for your shell')
  .demandCommand(1, 'Say what to do: one of the commands above.')
  .recommendCommands()
  .strict()
  .version(version)
  .help()
  .alias('help', 'h')
  .wrap(Math.min(100, process.stdout.columns ?? 80))
  .exitProcess(false)
  .fail((message, error) => {
    throw error ?? new UsageError(message, 'See `spillway --help`.');
  });

try {
  await commandLine.parseAsync();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
