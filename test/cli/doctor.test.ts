/** `spillway doctor`: what it prints, and what its exit code says. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { doctorText } from '../../src/cli/doctor-text.ts';
import type { BackendDiagnosis } from '../../src/diagnosis/finding.ts';
import { diagnosisWords } from '../../src/diagnosis/word/catalogue.ts';
import { columnsOf } from '../../src/report/width.ts';

const spark: BackendDiagnosis = {
  backend: 'spark',
  kind: 'ollama',
  residency: 'local',
  isReachable: false,
  level: 'bad',
  addresses: [
    {
      url: 'http://spark:11434',
      isReachable: false,
      findings: [
        {
          step: 'dns',
          level: 'ok',
          fact: { kind: 'resolved', addresses: ['100.64.0.5'] },
          tookMs: 2,
        },
        {
          step: 'tcp',
          level: 'bad',
          fact: {
            kind: 'silent',
            host: 'spark',
            address: '100.64.0.5',
            port: 11_434,
            waitedMs: 2500,
          },
          tookMs: 2500,
        },
      ],
    },
  ],
};

describe('the list', () => {
  test('lines up its columns, and ends with how to find a lost packet', async () => {
    const words = diagnosisWords.en;
    const text = doctorText({ backends: [spark] }, { words, columns: 80, isColour: false });
    await expect(text).toMatchFileSnapshot('../golden/doctor.txt');
  });

  test.each(['en', 'ja'] as const)('fits its width in %s, but for commands', (language) => {
    const words = diagnosisWords[language];
    const text = doctorText({ backends: [spark] }, { words, columns: 72, isColour: false });
    const wide = text.split('\n').filter((line) => columnsOf(line) > 72);
    expect(wide.filter((line) => !line.includes('tcpdump'))).toEqual([]);
  });
});

/** Runs the command in a folder of its own. */
const doctor = async (
  system: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-doctor-'));
  try {
    const file = join(folder, 'spillway.yaml');
    writeFileSync(file, system);
    const child = spawn(process.execPath, ['src/cli/main.ts', 'doctor', file, ...words], {
      env: { ...process.env, ...environment },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
    const [code] = await once(child, 'close');
    return { code: Number(code), stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const systemAt = (url: string): string => `backends:
  spark: { kind: ollama, url: '${url}', apiKey: secret-of-the-box }
models:
  m: [{ backend: spark, model: 'gpt-oss:120b' }]
`;

describe('the command', () => {
  test('says 3 and why when a backend cannot be reached', async () => {
    const { code, stdout } = await doctor(systemAt('http://127.0.0.1:1'), []);
    expect(code).toBe(3);
    expect(stdout).toContain('nothing listens on port 1');
    expect(stdout).toContain('cannot be reached');
  });

  test('says 0 when all can, and the same as data, without any secret', async () => {
    const answers: Readonly<Record<string, unknown>> = {
      '/api/version': { version: '0.33.0' },
      '/api/tags': { models: [{ name: 'gpt-oss:120b' }] },
      '/api/ps': { models: [] },
    };
    const server = http.createServer(({ url = '' }, response) => {
      response.end(JSON.stringify(answers[url]));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, stdout } = await doctor(systemAt(`http://127.0.0.1:${port}`), ['--json']);
    server.closeAllConnections();
    server.close();
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      backends: [{ backend: 'spark', isReachable: true, level: 'warn' }],
    });
    expect(stdout).toContain('Ollama 0.33.0');
    expect(stdout).not.toContain('secret-of-the-box');
  });

  test('tells of a simulated backend that there is nothing to reach', async () => {
    const simulated = systemAt('simulated').replace(', apiKey: secret-of-the-box', '');
    const { code, stdout } = await doctor(simulated, ['--lang', 'ja']);
    expect(code).toBe(0);
    expect(stdout).toContain('シミュレーションのため、接続先はありません');
  });

  test('looks at the box with the ssh that is in the path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-ssh-'));
    const ssh = join(folder, 'ssh');
    writeFileSync(ssh, '#!/bin/sh\necho "no route to host" >&2\nexit 255\n');
    chmodSync(ssh, 0o755);
    const PATH = `${folder}:${process.env['PATH'] ?? ''}`;
    const { stdout } = await doctor(systemAt('http://127.0.0.1:1'), ['--ssh', 'spark'], { PATH });
    rmSync(folder, { recursive: true });
    expect(stdout).toContain('ssh to spark failed: no route to host');
  });

  test('does not take an option for a host', async () => {
    const { code, stderr } = await doctor(systemAt('http://127.0.0.1:1'), [
      '--ssh=-oProxyCommand=id',
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("expected a host, found '-oProxyCommand=id'");
  });
});
