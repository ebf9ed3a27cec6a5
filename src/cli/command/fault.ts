/** `spillway fault`: break a backend of a hybrid that is live, or mend it. */

import type { CommandModule } from 'yargs';

import type { LiveOrder } from '../../run/live-order.ts';
import { UsageError } from '../usage-error.ts';

/** Words of a fault, as in `faults:` of a scenario. */
const wordOptions = {
  for: { type: 'string', describe: 'How long, such as 15s; until --heal if absent' },
  when: {
    choices: ['connect', 'headers', 'first-token', 'mid-stream'],
    describe: 'Where in an attempt it acts',
  },
  'after-tokens': { type: 'number', describe: 'Tokens an attempt has forwarded before it acts' },
  probability: { type: 'number', describe: 'Share of attempts it acts on, 0 to 1' },
  times: { type: 'number', describe: 'How often it acts at most' },
  form: { type: 'string', describe: 'Which of several forms it takes' },
  preset: { type: 'string', describe: 'An answer as a real server words it' },
  status: { type: 'number', describe: 'HTTP status it answers' },
  delay: { type: 'string', describe: 'How long something is delayed' },
  stall: { type: 'string', describe: 'How long nothing comes' },
  hold: { type: 'string', describe: 'How long something is held' },
  'tokens-per-second': { type: 'number', describe: 'Token rate' },
  'bytes-per-second': { type: 'number', describe: 'Byte rate' },
} as const;

interface FaultArguments {
  readonly backend: string | undefined;
  readonly kind: string | undefined;
  readonly heal: boolean;
  readonly list: boolean;
  readonly [word: string]: unknown;
}

export const faultCommand: CommandModule<object, FaultArguments> = {
  command: 'fault [backend] [kind]',
  describe: 'Break a backend of what runs with --live in this folder, or mend it',
  builder: (yargs) =>
    yargs
      .positional('backend', { type: 'string', describe: 'Backend it happens to' })
      .positional('kind', { type: 'string', describe: 'What goes wrong; see scenarios/README.md' })
      .options(wordOptions)
      .option('heal', { type: 'boolean', default: false, describe: 'Mend the backend' })
      .option('list', {
        type: 'boolean',
        default: false,
        describe: 'Say what is broken, and what can go wrong',
      })
      .example('$0 fault spark reset --for 15s', 'cut every answer of spark for 15 seconds')
      .example('$0 fault spark stall --stall 5s --for 1min', 'pause each answer for 5 s')
      .example('$0 fault spark --heal', 'mend it before its time'),
  handler: async (options) => {
    const { tellLive } = await import('../../run/live-control.ts');
    process.stdout.write(`${await tellLive('.', orderOf(options))}\n`);
  },
};

const orderOf = ({ backend, kind, heal, list, ...words }: FaultArguments): LiveOrder => {
  if (list) return { kind: 'list' };
  if (backend === undefined)
    throw new UsageError('expected a backend, found none', 'Write `spillway fault spark reset`.');
  if (heal) return { kind: 'heal', backend };
  if (kind === undefined)
    throw new UsageError(
      'expected what goes wrong, found nothing',
      'Write a kind, such as `reset`; `spillway fault --list` names them.',
    );
  const given = Object.keys(wordOptions).flatMap((name) =>
    words[name] === undefined ? [] : [[camel(name), words[name]] as const],
  );
  return { kind: 'arm', fault: { backend, kind, ...Object.fromEntries(given) } };
};

const camel = (name: string): string =>
  name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
