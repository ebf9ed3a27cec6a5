/** `spillway bench`: our own overhead, as ratios within one run. */

import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { CommandModule } from 'yargs';

import type { HotPathRow } from '../../bench/hot-path.ts';
import type { OverheadRow } from '../../bench/overhead.ts';
import { jsonOption } from '../option.ts';

interface BenchArguments {
  readonly quick: boolean;
  readonly json: boolean;
}

export const benchCommand: CommandModule<object, BenchArguments> = {
  command: 'bench',
  describe: 'Our own overhead: the proxy against a direct backend, and hot paths',
  builder: (yargs) =>
    yargs
      .option('quick', {
        type: 'boolean',
        default: false,
        describe: 'Three short rounds: about a minute, for a first idea',
      })
      .option('json', jsonOption)
      .example('$0 bench --quick', 'ratios to a null backend on this machine'),
  handler: async ({ quick, json }) => {
    const { measureHotPaths } = await import('../../bench/hot-path.ts');
    const { measureOverhead } = await import('../../bench/overhead.ts');
    const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'));
    try {
      const overhead = await measureOverhead({
        rounds: quick ? 3 : 7,
        secondsPerRound: quick ? 2 : 5,
        connections: quick ? [1, 16] : [1, 16, 64],
        sqlitePath: join(folder, 'state.db'),
        say: (text) => process.stderr.write(`${text}\n`),
      });
      const hotPaths = await measureHotPaths(quick ? 500 : 2000);
      const machine = `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`;
      process.stdout.write(
        json
          ? `${JSON.stringify({ machine, overhead, hotPaths }, undefined, 2)}\n`
          : benchText(machine, overhead, hotPaths),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Mean time of a request by Little's law: autocannon itself counts whole milliseconds. */
const meanMs = ({ connections, requestsPerSecond }: OverheadRow): number =>
  (connections * 1000) / requestsPerSecond;

const benchText = (
  machine: string,
  overhead: readonly OverheadRow[],
  hotPaths: readonly HotPathRow[],
): string => {
  const lines = [
    machine,
    'Load, proxy and null backend share this machine: the ratios count, not the rates.',
    '',
    'state   connections  direct req/s  proxy req/s  ratio       direct        proxy  failed',
  ];
  for (const proxy of overhead.filter(({ arm }) => arm === 'proxy')) {
    const direct = overhead.find(
      ({ arm, state, connections }) =>
        arm === 'direct' && state === proxy.state && connections === proxy.connections,
    );
    if (!direct) continue;
    const ratio = proxy.requestsPerSecond / direct.requestsPerSecond;
    lines.push(
      [
        proxy.state.padEnd(8),
        String(proxy.connections).padStart(10),
        direct.requestsPerSecond.toFixed(0).padStart(14),
        proxy.requestsPerSecond.toFixed(0).padStart(13),
        ratio.toFixed(2).padStart(7),
        `${meanMs(direct).toFixed(3)} ms`.padStart(13),
        `${meanMs(proxy).toFixed(3)} ms`.padStart(13),
        String(proxy.failed + direct.failed).padStart(8),
      ].join(''),
    );
  }
  lines.push('');
  for (const { name, nanoseconds, samples, marginRatio } of hotPaths)
    lines.push(
      `${name.padEnd(42)}${(nanoseconds / 1000).toFixed(2).padStart(9)} µs` +
        `   ± ${(marginRatio * 100).toFixed(1)} %, n ${samples}`,
    );
  return `${lines.join('\n')}\n`;
};
