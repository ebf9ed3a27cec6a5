/** Findings in words: the same ones in both languages, and advice wherever something is wrong. */

import { describe, expect, test } from 'vitest';

import type { Fact } from '../../src/diagnosis/finding.ts';
import { diagnosisWords } from '../../src/diagnosis/word/catalogue.ts';
import { captureLines, say } from '../../src/diagnosis/word/language.ts';

const troubles: readonly Fact[] = [
  { kind: 'unknown-host', host: 'spark' },
  { kind: 'dns-silent', host: 'spark', waitedMs: 3000 },
  { kind: 'dns-failed', host: 'spark', code: 'EAI_AGAIN' },
  { kind: 'refused', host: 'spark', port: 11_434 },
  { kind: 'refused', host: 'vllm', port: 8000 },
  { kind: 'silent', host: 'spark', address: '100.64.0.5', port: 11_434, waitedMs: 2500 },
  { kind: 'unroutable', host: 'spark', code: 'EHOSTUNREACH' },
  { kind: 'certified', name: 'spark', issuer: "Let's Encrypt", daysLeft: 3 },
  { kind: 'expired', daysAgo: 2 },
  { kind: 'wrong-name', host: 'spark', names: 'other' },
  { kind: 'untrusted', issuer: 'Corp', code: 'SELF_SIGNED_CERT_IN_CHAIN' },
  { kind: 'tls-silent', host: 'spark', waitedMs: 5000 },
  { kind: 'tls-broken', message: 'wrong version number' },
  { kind: 'http-silent', waitedMs: 5000 },
  { kind: 'http-broken', message: 'other side closed' },
  { kind: 'unauthorized', status: 401, hasKey: false },
  { kind: 'unauthorized', status: 401, hasKey: true },
  { kind: 'unauthorized', status: 403, hasKey: true },
  { kind: 'no-api', status: 404, path: '/models' },
  { kind: 'rate-limited' },
  { kind: 'gateway', status: 502 },
  { kind: 'bad-status', status: 500 },
  { kind: 'keyless', host: 'spark.example.ts.net' },
  { kind: 'not-ollama' },
  { kind: 'lacks-model', model: 'gpt-oss:120b', isOllama: true },
  { kind: 'remote-model', model: 'mine', host: 'https://ollama.com:443' },
  { kind: 'not-loaded', models: ['gpt-oss:120b'] },
  { kind: 'on-gpu', model: 'gpt-oss:120b', ratio: 0 },
  { kind: 'on-gpu', model: 'gpt-oss:120b', ratio: 0.999 },
  { kind: 'other-window', model: 'gpt-oss:120b', tokens: 4096, numCtx: 32_768 },
  { kind: 'ssh-absent' },
  { kind: 'ssh-failed', host: 'spark', message: 'Permission denied' },
  { kind: 'command-silent', command: 'free', waitedMs: 15_000 },
  { kind: 'driver-mismatch' },
  { kind: 'driver-dead', message: 'No devices were found' },
  { kind: 'service', state: 'failed', lines: ['line'] },
  { kind: 'signature-expired', lines: ['EXPKEYSIG'] },
  { kind: 'free-memory', totalMb: 122_564, availableMb: 900 },
];

describe.each(['en', 'ja'] as const)('in %s', (language) => {
  const words = diagnosisWords[language];

  test('only where Ollama listens is its service spoken of', () => {
    const todoAt = (port: number) => say(words, { kind: 'refused', host: 'gpu', port }).todo;
    expect(todoAt(11_434)).toContain('systemctl status ollama');
    expect(todoAt(8000)).not.toMatch(/ollama/i);
  });

  test.each(troubles.map((fact) => [fact.kind, fact] as const))(
    '%s comes with advice',
    (_, fact) => {
      const { what, todo = '' } = say(words, fact);
      for (const text of [what, todo]) {
        expect(text).not.toBe('');
        expect(text).not.toMatch(/undefined|NaN|\[object/);
      }
    },
  );

  test('a share just below the whole is not told as the whole', () => {
    expect(say(words, { kind: 'on-gpu', model: 'm', ratio: 0.999 }).what).toContain('99 %');
  });

  test('a lost packet is looked for on both sides', () => {
    const told = words.whereItStops(captureLines('100.64.0.5', 11_434)).join('\n');
    expect(told).toContain("sudo tcpdump -ni any 'host 100.64.0.5 and tcp port 11434'");
    expect(told).toContain("'tcp port 11434 and tcp[tcpflags] & (tcp-syn|tcp-rst) != 0'");
    expect(told).toContain('Wi-Fi');
  });
});
