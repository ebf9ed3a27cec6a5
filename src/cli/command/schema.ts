/** `spillway schema`: the JSON Schema of a file, for editors. */

import type { CommandModule } from 'yargs';

interface SchemaArguments {
  readonly kind: 'system' | 'scenario';
}

export const schemaCommand: CommandModule<object, SchemaArguments> = {
  command: 'schema <kind>',
  describe: 'Print the JSON Schema of a file',
  builder: (yargs) =>
    yargs
      .positional('kind', {
        choices: ['system', 'scenario'] as const,
        demandOption: true,
        describe: 'Which file',
      })
      .example('$0 schema scenario > scenario.schema.json', 'for completion in an editor'),
  handler: async ({ kind }) => {
    const { scenarioSchema } = await import('../../scenario/schema.ts');
    const { systemSchema } = await import('../../system/schema.ts');
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      ...(kind === 'system' ? systemSchema : scenarioSchema),
    };
    process.stdout.write(`${JSON.stringify(schema, undefined, 2)}\n`);
  },
};
