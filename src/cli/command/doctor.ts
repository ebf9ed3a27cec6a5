/**
 * `spillway doctor`: can each backend be reached, step by step, and what is wrong where it
 * cannot.
 */

import { existsSync } from 'node:fs';

import type { CommandModule } from 'yargs';

import type { Diagnosis } from '../doctor-text.ts';
import { exitCode } from '../exit-code.ts';
import { jsonOption, langOption } from '../option.ts';
import { UsageError } from '../usage-error.ts';

interface DoctorArguments {
  readonly system: string | undefined;
  readonly ssh: string | undefined;
  readonly lang: 'en' | 'ja';
  readonly json: boolean;
}

export const doctorCommand: CommandModule<object, DoctorArguments> = {
  command: 'doctor [system]',
  describe: 'Whether each backend can be reached, step by step, and what to do where not',
  builder: (yargs) =>
    yargs
      .positional('system', {
        type: 'string',
        describe: 'System file; without one, spillway.yaml in this folder',
      })
      .option('ssh', {
        type: 'string',
        requiresArg: true,
        describe: 'Look at the box itself as well, over ssh to this host',
      })
      .option('lang', { ...langOption, describe: 'Language' })
      .option('json', jsonOption)
      .example('$0 doctor spillway.yaml', 'DNS, TCP, TLS, HTTP, models, GPU')
      .example('$0 doctor spillway.yaml --ssh spark', 'and driver, service, packages, memory'),
  handler: async ({ system: file, ssh, lang, json }) => {
    if (ssh !== undefined && (ssh === '' || ssh.startsWith('-')))
      throw new UsageError(`--ssh: expected a host, found '${ssh}'`, 'Write `--ssh spark`, say.');
    const { loadSystem } = await import('../listen.ts');
    const { candidatesOn, diagnoseBackend } = await import('../../diagnosis/diagnose.ts');
    const { lookAtBox } = await import('../../diagnosis/box-shell.ts');
    const { systemClock } = await import('../../time/system-clock.ts');
    const { diagnosisWords } = await import('../../diagnosis/word/catalogue.ts');
    const { system } = loadSystem(file ?? (existsSync(ownFile) ? ownFile : undefined));
    const clock = systemClock();
    const [backends, findings] = await Promise.all([
      Promise.all(
        system.backends.map((it) => diagnoseBackend(it, candidatesOn(system, it.name), { clock })),
      ),
      ssh === undefined ? undefined : lookAtBox({ host: ssh, clock, environment: process.env }),
    ]);
    const box = ssh !== undefined && findings ? { host: ssh, findings } : undefined;
    const diagnosis: Diagnosis = { backends, ...(box && { box }) };
    const words = diagnosisWords[lang];
    if (json) {
      const { wordedBackend, wordedFindings } = await import('../../diagnosis/word/worded.ts');
      const told = {
        backends: backends.map((backend) => wordedBackend(backend, words)),
        ...(box && { box: { ...box, findings: wordedFindings(box.findings, words) } }),
      };
      process.stdout.write(`${JSON.stringify(told, undefined, 2)}\n`);
    } else {
      const { doctorText } = await import('../doctor-text.ts');
      const columns = Math.min(100, process.stdout.columns ?? 100);
      const isColour = process.stdout.hasColors?.() ?? false;
      process.stdout.write(doctorText(diagnosis, { words, columns, isColour }));
    }
    const areAllReached = backends.every(({ isReachable }) => isReachable);
    process.exitCode = areAllReached ? exitCode.ok : exitCode.unreachable;
  },
};

const ownFile = 'spillway.yaml';
