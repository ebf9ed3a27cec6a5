#!/usr/bin/env node
/**
 * The command line: which commands there are, and what their failure looks like.
 *
 * A command's file says only its words; what it does is imported when it is run, so that `--help`
 * and a mistyped word are answered at once.
 */

import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';

import { benchCommand } from './command/bench.ts';
import { checkCommand } from './command/check.ts';
import { doctorCommand } from './command/doctor.ts';
import { faultCommand } from './command/fault.ts';
import { initCommand } from './command/init.ts';
import { reportCommand } from './command/report.ts';
import { runCommand } from './command/run.ts';
import { schemaCommand } from './command/schema.ts';
import { serveCommand } from './command/serve.ts';
import { simulateCommand } from './command/simulate.ts';
import { exitCode } from './exit-code.ts';
import { exitCodeOf, explain } from './explain.ts';
import { usageError } from './usage-error.ts';
import { version } from './version.ts';

// A reader that closes early (`| head`) is not an error; what is measured goes on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`error: the result cannot be written: ${error.message}\n`);
  process.exit(exitCode.unreachable);
});
process.stderr.on('error', () => undefined);

const words = hideBin(process.argv);

const commandLine = yargs(words)
  .locale('en')
  .parserConfiguration({ 'duplicate-arguments-array': false })
  .scriptName('spillway')
  .usage(
    [
      'Load tests for local-first LLM serving with a cloud fallback.',
      '',
      '  $0 run scenarios/quickstart.yaml    a first run, everything simulated',
      '  $0 serve                            the proxy on 127.0.0.1:4000',
      '  $0 init http://spark:11434          write spillway.yaml for your box',
      '',
      'Usage: $0 <command>',
    ].join('\n'),
  )
  .command(runCommand)
  .command(reportCommand)
  .command(checkCommand)
  .command(serveCommand)
  .command(simulateCommand)
  .command(faultCommand)
  .command(initCommand)
  .command(doctorCommand)
  .command(benchCommand)
  .command(schemaCommand)
  .completion('completion', 'Print a completion script for your shell')
  .demandCommand(1, '')
  .recommendCommands()
  .strict()
  .version(version)
  .help()
  .alias('help', 'h')
  .wrap(Math.min(100, Number(process.env['COLUMNS']) || (process.stdout.columns ?? 80)))
  .exitProcess(false)
  .fail((message: string | null, error: Error | undefined, self) => {
    if (error && error.name !== 'YError') throw error;
    if (words.length === 0) self.showHelp('error');
    throw usageError(words, message ?? error?.message ?? '');
  });

try {
  await commandLine.parseAsync();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
