/** `spillway serve`: the proxy alone, in front of real or simulated backends. */

import type { CommandModule } from 'yargs';

import type { RequestLogInput } from '../../run/request-sink.ts';
import type { System } from '../../system/system.ts';
import { exitCode } from '../exit-code.ts';
import { hostOption, liveOption, portOption } from '../option.ts';
import { stopSignals } from '../stop.ts';
import { version } from '../version.ts';

interface ServeArguments {
  readonly system: string | undefined;
  readonly config: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly quiet: boolean;
  readonly live: boolean;
}

export const serveCommand: CommandModule<object, ServeArguments> = {
  command: 'serve [system]',
  describe: 'The Responses proxy; without a file, in front of the simulated hybrid',
  builder: (yargs) =>
    yargs
      .positional('system', {
        type: 'string',
        describe: 'System file, or a LiteLLM config.yaml; read again on SIGHUP',
      })
      .option('config', {
        type: 'string',
        requiresArg: true,
        describe: "The same file, as LiteLLM's command line names it",
      })
      .conflicts('config', 'system')
      .option('host', hostOption)
      .option('port', portOption)
      .option('quiet', {
        type: 'boolean',
        default: false,
        describe: 'Log no requests on stderr',
      })
      .option('live', liveOption)
      .example('$0 serve', 'the simulated hybrid on 127.0.0.1:4000')
      .example('$0 serve spillway.yaml --port 8080', 'your own')
      .example('$0 serve config.yaml', 'what LiteLLM serves'),
  handler: async ({ system: named, config, host, port, quiet, live }) => {
    const file = named ?? config;
    const { loadSystem, untilAborted } = await import('../listen.ts');
    const { openHybrid } = await import('../../run/hybrid.ts');
    const { describeRemarks } = await import('../describe-system.ts');
    const { hangUps, reload } = await import('../reload.ts');
    const { isStderrJson, noticesBeside } = await import('../../run/request-sink.ts');
    const { systemClock } = await import('../../time/system-clock.ts');
    const { system, remarks } = loadSystem(file);
    const override = (from: System): System => ({
      ...from,
      listen: { host: host ?? from.listen.host, port: port ?? from.listen.port },
    });
    const requestLog = requestLogOf(system, quiet);
    const tell = noticesBeside(requestLog, systemClock());
    using stop = stopSignals(() =>
      tell('stopping: running answers may end first; asked once more, it stops at once'),
    );
    await using hybrid = await openHybrid(override(system), {
      requestLog,
      version,
      ...(live && { live: { folder: '.', tell } }),
    });
    using _ = hangUps(
      () => reload({ hybrid, load: () => loadSystem(file), override, tell }),
      () => process.kill(process.pid, 'SIGTERM'),
    );
    const model = system.models[0]?.name ?? '';
    const simulated = system.backends.filter(({ simulate }) => simulate).map(({ name }) => name);
    process.stdout.write(`listening on ${hybrid.url}\n`);
    const advice = [
      'try:',
      `  curl -N ${hybrid.url}/responses -H 'content-type: application/json' \\`,
      ...(system.keys.length > 0 ? ["    -H 'authorization: Bearer KEY' \\"] : []),
      `    -d '{"model":"${model}","input":"Hello. Answer in 20 tokens.","stream":true}'`,
    ];
    const lines = [
      ...describeRemarks(remarks),
      ...(simulated.length > 0 ? [`simulated: ${simulated.join(', ')}`] : []),
      ...(isStderrJson(requestLog) ? [] : advice),
      `look: ${new URL('/diagnostics', hybrid.url).href}`,
      ...(live ? [`break: spillway fault ${system.backends[0]?.name ?? ''} reset --for 15s`] : []),
    ];
    for (const line of lines) tell(line);
    await untilAborted(stop.signal);
    process.exitCode = stop.signal.reason === 'terminated' ? exitCode.ok : exitCode.interrupted;
  },
};

/** For a program, unless a person reads along. */
const requestLogOf = ({ log }: System, isQuiet: boolean): RequestLogInput => {
  if (log?.file !== undefined) return { level: log.level, file: log.file, format: 'json' };
  const level = isQuiet ? 'off' : (log?.level ?? 'info');
  return { level, format: process.stderr.isTTY ? 'text' : 'json' };
};
