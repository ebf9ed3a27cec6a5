/**
 * What a box says about itself over ssh: its driver, its service, its packages, its memory.
 *
 * The system's own ssh is used, so that keys, jump hosts and aliases of the user hold. It may never
 * ask for anything (`BatchMode`), each command has a deadline, and none of them changes the box:
 * the check of package signatures fetches their release files into a folder that is removed again.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';

import type { Clock } from '../time/clock.ts';
import { type Fact, type Finding, type Level, type Step, lowMemoryMb } from './finding.ts';
import { messageOf } from './path.ts';

export interface BoxShellOptions {
  /** As ssh takes it: a name, an alias, or user@name. Never begins with a dash. */
  readonly host: string;
  readonly clock: Clock;
  /** The environment in which `ssh` is found. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Asks the box. Never throws: what goes wrong is a finding. */
export const lookAtBox = async (options: BoxShellOptions): Promise<readonly Finding[]> => {
  assert.ok(!options.host.startsWith('-'), 'a host that begins with a dash would be an option');
  const findings: Finding[] = [];
  for (const check of checks) {
    const output = await runOverSsh(options, check);
    if (output.kind === 'exited') findings.push({ step: check.step, ...check.judge(output) });
    else if (output.kind === 'silent')
      findings.push({ step: check.step, level: 'warn', fact: silence(check) });
    // What ssh cannot do once it cannot do four times.
    else return [...findings, { step: 'ssh', level: 'bad', fact: sshFact(output, options.host) }];
  }
  return findings;
};

interface Check {
  readonly step: Step;
  readonly name: string;
  readonly command: string;
  readonly deadlineMs: number;
  readonly judge: (output: Exited) => { readonly level: Level; readonly fact: Fact };
}

/** Index files are left out, so that only the small signed ones are fetched. */
const signatureCheck = [
  'command -v apt-get >/dev/null || exit 127; d=$(mktemp -d) || exit 1;',
  'mkdir -p "$d/lists/partial"; LC_ALL=C apt-get update',
  '-o Dir::State::lists="$d/lists" -o Dir::Cache="$d" -o Debug::NoLocking=true',
  '-o Acquire::Languages=none -o Acquire::Retries=0 -o Acquire::http::Timeout=10',
  ...['deb::Packages', 'deb-src::Sources', 'deb::DEP-11', 'deb::CNF', 'deb::Contents-deb'].map(
    (target) => `-o Acquire::IndexTargets::${target}::DefaultEnabled=false`,
  ),
  '2>&1; s=$?; rm -rf "$d"; exit $s',
].join(' ');

const checks: readonly Check[] = [
  {
    step: 'driver',
    name: 'nvidia-smi',
    command: 'nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>&1',
    deadlineMs: 15_000,
    judge({ status, text }) {
      if (status === 127) return { level: 'warn', fact: { kind: 'absent', command: 'nvidia-smi' } };
      // The message of a driver that was updated while the old one is still loaded.
      if (/driver\/library version mismatch/i.test(text))
        return { level: 'bad', fact: { kind: 'driver-mismatch' } };
      if (status !== 0)
        return { level: 'bad', fact: { kind: 'driver-dead', message: firstLine(text) } };
      const [name = '', driver = ''] = firstLine(text).split(/\s*,\s*/);
      return { level: 'ok', fact: { kind: 'gpu-seen', name, driver } };
    },
  },
  {
    step: 'service',
    name: 'systemctl',
    command:
      'command -v systemctl >/dev/null || exit 127; systemctl is-active ollama && exit 0; ' +
      'journalctl -u ollama --no-pager --lines=5 --output=cat 2>/dev/null; exit 3',
    deadlineMs: 15_000,
    judge({ status, text }) {
      if (status === 127) return { level: 'warn', fact: { kind: 'absent', command: 'systemctl' } };
      const [state = 'unknown', ...lines] = linesOf(text);
      return { level: status === 0 ? 'ok' : 'bad', fact: { kind: 'service', state, lines } };
    },
  },
  {
    step: 'packages',
    name: 'apt-get',
    command: signatureCheck,
    deadlineMs: 45_000,
    judge({ status, text }) {
      if (status === 127) return { level: 'warn', fact: { kind: 'absent', command: 'apt-get' } };
      const lines = linesOf(text).filter((line) => /EXPKEYSIG|KEYEXPIRED/.test(line));
      if (lines.length > 0) return { level: 'warn', fact: { kind: 'signature-expired', lines } };
      if (status === 0) return { level: 'ok', fact: { kind: 'packages-fine' } };
      const message = linesOf(text).find((line) => line.startsWith('E:')) ?? firstLine(text);
      return { level: 'warn', fact: { kind: 'command-failed', command: 'apt-get', message } };
    },
  },
  {
    step: 'memory',
    name: 'free',
    command: 'LC_ALL=C free -m 2>&1',
    deadlineMs: 15_000,
    judge({ status, text }) {
      if (status === 127) return { level: 'warn', fact: { kind: 'absent', command: 'free' } };
      const [total, , , , , available] = /^Mem:(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
      const [totalMb, availableMb] = [Number(total), Number(available)];
      if (!Number.isFinite(totalMb) || !Number.isFinite(availableMb)) {
        const message = firstLine(text);
        return { level: 'warn', fact: { kind: 'command-failed', command: 'free', message } };
      }
      const level = availableMb < lowMemoryMb ? 'warn' : 'ok';
      return { level, fact: { kind: 'free-memory', totalMb, availableMb } };
    },
  },
];

interface Exited {
  readonly kind: 'exited';
  readonly status: number;
  readonly text: string;
}

type Output =
  | Exited
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'silent' };

const sshFact = (
  output: Extract<Output, { readonly kind: 'absent' | 'failed' }>,
  host: string,
): Fact =>
  output.kind === 'absent'
    ? { kind: 'ssh-absent' }
    : { kind: 'ssh-failed', host, message: output.message };

const silence = ({ name, deadlineMs }: Check): Fact => ({
  kind: 'command-silent',
  command: name,
  waitedMs: deadlineMs,
});

/** ssh's own failures; a command of the box is not expected to use this status. */
const sshFailed = 255;
/** More than any of the commands has to say. */
const outputCharactersMax = 65_536;

const runOverSsh = (
  { host, clock, environment }: BoxShellOptions,
  { command, deadlineMs }: Pick<Check, 'command' | 'deadlineMs'>,
): Promise<Output> =>
  new Promise((resolve) => {
    const words = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', '--', host, command];
    const child = spawn('ssh', words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment },
    });
    const settle = (output: Output): void => {
      deadline[Symbol.dispose]();
      resolve(output);
    };
    const deadline = clock.at(clock.now() + deadlineMs, () => {
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
      settle({ kind: 'silent' });
    });
    let text = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text = (text + piece).slice(0, outputCharactersMax);
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      complaint = (complaint + piece).slice(0, outputCharactersMax);
    });
    child.on('error', (error) => {
      const isAbsent = 'code' in error && error.code === 'ENOENT';
      settle(isAbsent ? { kind: 'absent' } : { kind: 'failed', message: messageOf(error) });
    });
    child.on('close', (status) => {
      if (status === sshFailed) settle({ kind: 'failed', message: lastLine(complaint) });
      else settle({ kind: 'exited', status: status ?? sshFailed, text });
    });
  });

/** Lines with something on them, without control characters that a terminal would obey. */
const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.replaceAll(/\p{Cc}/gu, ' ').trim())
    .filter((line) => line !== '');

const firstLine = (text: string): string => linesOf(text)[0] ?? 'it said nothing';
const lastLine = (text: string): string => linesOf(text).at(-1) ?? 'it said nothing';
