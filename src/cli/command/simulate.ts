/** `spillway simulate`: the simulated backends alone, so that another proxy can be put in front. */

import type { CommandModule } from 'yargs';

import { exitCode } from '../exit-code.ts';
import { hostOption, portOption } from '../option.ts';
import { stopSignals } from '../stop.ts';
import { UsageError } from '../usage-error.ts';

interface SimulateArguments {
  readonly system: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** The first simulated backend's port, apart from the proxy's; the next backends follow it. */
const firstPort = 4100;

export const simulateCommand: CommandModule<object, SimulateArguments> = {
  command: 'simulate [system]',
  describe: 'The simulated backends alone, on their ports',
  builder: (yargs) =>
    yargs
      .positional('system', { type: 'string', describe: 'System file' })
      .option('host', hostOption)
      .option('port', {
        ...portOption,
        describe: `First port (${firstPort}); the next backend has the next one`,
      })
      .example('$0 simulate --port 11434', 'a simulated Ollama on its usual port'),
  handler: async ({ system: file, host, port }) => {
    const { loadSystem, untilAborted } = await import('../listen.ts');
    const { openSimulation } = await import('../../run/hybrid.ts');
    const { system } = loadSystem(file);
    if (!system.backends.some(({ simulate }) => simulate))
      throw new UsageError('the system has no simulated backend', 'Write `url: simulated` in it.');
    using stop = stopSignals(() => process.stderr.write('stopping\n'));
    await using simulation = await openSimulation(system, {
      host: host ?? '127.0.0.1',
      port: port ?? firstPort,
    });
    for (const { name, url } of simulation.backends) process.stdout.write(`${name} ${url}\n`);
    await untilAborted(stop.signal);
    process.exitCode = stop.signal.reason === 'terminated' ? exitCode.ok : exitCode.interrupted;
  },
};
