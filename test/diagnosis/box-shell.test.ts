/** What a box says of itself over ssh, with a stand-in for ssh that plays its part. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { lookAtBox } from '../../src/diagnosis/box-shell.ts';
import { systemClock } from '../../src/time/system-clock.ts';

const healthy: Readonly<Record<string, string>> = {
  'nvidia-smi': 'echo "NVIDIA GB10, 580.95.05"',
  systemctl: 'echo active',
  'apt-get': 'echo "Reading package lists..."',
  free: 'printf "              total        used        free      shared  buff/cache   available\\nMem:         122564       70000        1000         100       51000       52000\\n"',
};

/**
 * A folder with an `ssh` that writes down its words, and runs the command in a shell in which the
 * programs of the box are these.
 */
const box = (programs: Readonly<Record<string, string>>, ssh?: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-box-'));
  const program = (name: string, script: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  for (const [name, script] of Object.entries(programs)) program(name, script);
  for (const name of ['mktemp', 'mkdir', 'rm', 'journalctl'])
    if (!(name in programs)) program(name, name === 'mktemp' ? 'echo nowhere' : 'exit 0');
  program('ssh', ssh ?? 'for last; do :; done\nexec /bin/sh -c "$last"');
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
};

const look = (folder: string, host = 'spark') =>
  lookAtBox({ host, clock: systemClock(), environment: { PATH: folder } });

const found = async (programs: Readonly<Record<string, string>>, step: string) => {
  using at = box({ ...healthy, ...programs });
  return (await look(at.folder)).find((finding) => finding.step === step);
};

describe('a box over ssh', () => {
  test('is well when driver, service, packages and memory are', async () => {
    using at = box(healthy);
    expect(await look(at.folder)).toEqual([
      {
        step: 'driver',
        level: 'ok',
        fact: { kind: 'gpu-seen', name: 'NVIDIA GB10', driver: '580.95.05' },
      },
      { step: 'service', level: 'ok', fact: { kind: 'service', state: 'active', lines: [] } },
      { step: 'packages', level: 'ok', fact: { kind: 'packages-fine' } },
      {
        step: 'memory',
        level: 'ok',
        fact: { kind: 'free-memory', totalMb: 122_564, availableMb: 52_000 },
      },
    ]);
  });

  test('whose driver was updated without a restart is told to restart', async () => {
    const said = 'Failed to initialize NVML: Driver/library version mismatch';
    const finding = await found({ 'nvidia-smi': `echo "${said}"; exit 18` }, 'driver');
    expect(finding).toEqual({ step: 'driver', level: 'bad', fact: { kind: 'driver-mismatch' } });
  });

  test('whose driver does not answer says what nvidia-smi says', async () => {
    const finding = await found({ 'nvidia-smi': 'echo "No devices were found"; exit 6' }, 'driver');
    expect(finding?.fact).toEqual({ kind: 'driver-dead', message: 'No devices were found' });
  });

  test('whose service is down shows the last lines of its journal', async () => {
    const programs = {
      systemctl: 'echo failed; exit 3',
      journalctl: 'echo "Error: listen tcp: address already in use"',
    };
    const finding = await found(programs, 'service');
    expect(finding).toMatchObject({
      level: 'bad',
      fact: { state: 'failed', lines: ['Error: listen tcp: address already in use'] },
    });
  });

  test('with an expired package key shows the lines that name it', async () => {
    const line = 'W: GPG error: https://repo.example InRelease: EXPKEYSIG 1234567890ABCDEF Vendor';
    const finding = await found({ 'apt-get': `echo "Hit:1 x"; echo "${line}"` }, 'packages');
    expect(finding).toMatchObject({
      level: 'warn',
      fact: { kind: 'signature-expired', lines: [line] },
    });
  });

  test('that cannot reach its package sources says so, and not that all is well', async () => {
    const finding = await found(
      { 'apt-get': 'echo "E: Could not resolve host"; exit 100' },
      'packages',
    );
    expect(finding?.fact).toMatchObject({ kind: 'command-failed', command: 'apt-get' });
  });

  test('with little memory left is warned of', async () => {
    const free = 'echo "Mem: 122564 120000 500 100 1000 2100"';
    expect(await found({ free }, 'memory')).toMatchObject({
      level: 'warn',
      fact: { availableMb: 2100 },
    });
  });

  test('that has none of the programs is told of each', async () => {
    using at = box({});
    const findings = await look(at.folder);
    expect(findings.map(({ fact }) => fact)).toEqual(
      ['nvidia-smi', 'systemctl', 'apt-get', 'free'].map((command) => ({
        kind: 'absent',
        command,
      })),
    );
  });

  test('cannot move a terminal with what it says', async () => {
    const finding = await found(
      { 'nvidia-smi': String.raw`printf '\033[2Jgone\n'; exit 1` },
      'driver',
    );
    expect(JSON.stringify(finding)).not.toContain(String.raw`\u001b`);
  });
});

describe('ssh itself', () => {
  test('is given the host as one word after the options, and asks for nothing', async () => {
    using at = box({}, 'for word; do echo "$word"; done >&2; exit 255');
    const [finding] = await look(at.folder, 'me@spark; reboot');
    expect(finding?.fact).toMatchObject({ kind: 'ssh-failed', host: 'me@spark; reboot' });
    using said = box({}, 'echo "$1 $2 $3 $4 $5 <$6>" >&2; exit 255');
    const [other] = await look(said.folder, 'me@spark; reboot');
    expect(other?.fact).toMatchObject({
      message: '-o BatchMode=yes -o ConnectTimeout=10 -- <me@spark; reboot>',
    });
  });

  test('that fails is asked once', async () => {
    using at = box({}, 'echo "Permission denied (publickey)." >&2; exit 255');
    expect(await look(at.folder)).toEqual([
      {
        step: 'ssh',
        level: 'bad',
        fact: { kind: 'ssh-failed', host: 'spark', message: 'Permission denied (publickey).' },
      },
    ]);
  });

  test('that is not there is told', async () => {
    const findings = await lookAtBox({
      host: 'spark',
      clock: systemClock(),
      environment: { PATH: '/nowhere' },
    });
    expect(findings.map(({ fact }) => fact)).toEqual([{ kind: 'ssh-absent' }]);
  });

  test('is never given a host that is an option', async () => {
    await expect(look('/nowhere', '-oProxyCommand=reboot')).rejects.toThrow('dash');
  });

  test('a command that hangs is given up, and the next is asked', async () => {
    using at = box({ ...healthy, 'nvidia-smi': 'exec /bin/sleep 60' });
    const real = systemClock();
    const fast = {
      ...real,
      now: () => real.now() * 30,
      at: (instant: number, run: () => void) => real.at(instant / 30, run),
    };
    const findings = await lookAtBox({
      host: 'spark',
      clock: fast,
      environment: { PATH: at.folder },
    });
    expect(findings[0]?.fact).toEqual({
      kind: 'command-silent',
      command: 'nvidia-smi',
      waitedMs: 15_000,
    });
    expect(findings).toHaveLength(4);
  });
});
