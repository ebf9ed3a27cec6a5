/** `spillway init`: write a system file from what a box answers. */

import { existsSync, writeFileSync } from 'node:fs';

import type { CommandModule } from 'yargs';

import { UsageError } from '../usage-error.ts';

interface InitArguments {
  readonly url: string;
  readonly output: string;
  readonly force: boolean;
}

export const initCommand: CommandModule<object, InitArguments> = {
  command: 'init <url>',
  describe: 'Write a spillway.yaml from what your Ollama answers',
  builder: (yargs) =>
    yargs
      .positional('url', {
        type: 'string',
        demandOption: true,
        describe: 'Address of Ollama, such as http://spark:11434',
      })
      .option('output', {
        type: 'string',
        requiresArg: true,
        default: 'spillway.yaml',
        describe: 'File to write',
      })
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'Overwrite the file if it is there',
      })
      .example('$0 init http://spark:11434', 'then: spillway serve spillway.yaml'),
  handler: async ({ url, output, force }) => {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new UsageError(
        `expected an address, found '${url}'`,
        'Write it with its scheme and port: http://spark:11434',
      );
    if (existsSync(output) && !force)
      throw new UsageError(
        `${output} is there already`,
        'Use --force to overwrite it, or --output for another name.',
      );
    const { readInventory } = await import('../../client/inventory.ts');
    const { systemText } = await import('../../system/template.ts');
    const { systemClock } = await import('../../time/system-clock.ts');
    const inventory = await readInventory(url, systemClock());
    const chat = inventory.models.filter(
      ({ capabilities }) => capabilities.length === 0 || capabilities.includes('completion'),
    );
    if (chat.length === 0)
      throw new UsageError(
        `${url} has no model that can chat`,
        'Pull one on the box first: ollama pull gpt-oss:120b',
      );
    write(output, systemText(url, chat));
    process.stdout.write(
      [
        `${output}: Ollama ${inventory.version} with ${chat.length} model${chat.length === 1 ? '' : 's'}`,
        ...chat.map(({ tag, isLoaded, gpuRatio }) => {
          const where =
            gpuRatio !== undefined && gpuRatio < 1
              ? `, only ${Math.round(gpuRatio * 100)} % on the GPU`
              : '';
          return `  ${tag}${isLoaded ? ` (loaded${where})` : ''}`;
        }),
        'next:',
        `  spillway run scenarios/healthy.yaml --system ${output} --local-only`,
        '',
      ].join('\n'),
    );
  },
};

const write = (file: string, text: string): void => {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(
      `${file} cannot be written: ${reason}`,
      'Name a file in a folder that you may write to, with --output.',
    );
  }
};
