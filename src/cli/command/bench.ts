/** `spillway bench`: our own overhead, as ratios within one run. */

import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { CommandModule } from 'yargs';

import { jsonOption } from '../option.ts';

interface BenchArguments {
  readonly quick: boolean;
  readonly json: boolean;
}

export const benchCommand: CommandModule<object, BenchArguments> = {
  command: 'bench',
  describe: 'Our own overhead: the proxy against a direct backend and a minimal relay',
  builder: (yargs) =>
    yargs
      .option('quick', {
        type: 'boolean',
        default: false,
        describe: 'Few and short rounds: about a minute, for a first idea',
      })
      .option('json', jsonOption)
      .example('$0 bench --quick', 'ratios to a null backend on this machine'),
  handler: async ({ quick, json }) => {
    const { benchText, runBench } = await import('../../bench/bench.ts');
    const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'));
    try {
      const result = await runBench({
        isQuick: quick,
        folder,
        machine: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`,
        say: (text) => process.stderr.write(`${text}\n`),
      });
      process.stdout.write(json ? `${JSON.stringify(result, undefined, 2)}\n` : benchText(result));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
