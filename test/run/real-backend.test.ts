/**
 * Faults in front of a server that is not ours: over TLS, with its certificate checked, as a real
 * cloud's is; and what is told before a run when it is not there.
 */

import { createServer } from 'node:https';
import { createServer as createPlainServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { seeded } from '../../src/random/random.ts';
import { openBackends } from '../../src/run/backend-stage.ts';
import { preflight } from '../../src/run/preflight.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { BackendPaths } from '../../src/target/proxy/backend-path.ts';
import { failureOfError } from '../../src/target/proxy/failure.ts';
import { systemClock } from '../../src/time/system-clock.ts';
import { authority, good } from '../diagnosis/certificate.ts';
import { folderWith } from '../process/spillway.ts';

const clock = systemClock();
let closing = new AsyncDisposableStack();

afterEach(async () => {
  await closing.disposeAsync();
  closing = new AsyncDisposableStack();
});

const portOf = async (server: Server & { closeAllConnections(): void }): Promise<number> => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.defer(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return (server.address() as AddressInfo).port;
};

/** A scenario that breaks a server in this way, reached at these addresses. */
const scenarioWith = (urls: readonly string[], fault: string) => {
  const folder = folderWith({
    'authority.pem': authority,
    'system.yaml': `backends:
  spark:
    kind: openai
    urls: [${urls.map((url) => `'${url}'`).join(', ')}]
    residency: local
${urls[0]?.startsWith('https:') ? '    caFile: authority.pem\n' : ''}    connectMs: 500
models:
  m: [{ backend: spark, model: m }]
`,
    'scenario.yaml': `name: tiny
question: Is it there?
system: system.yaml
workloads:
  - name: chat
    profile: scripted
    script: [{ promptTokens: 10, answerTokens: 10, think: 1 s }]
    load: { kind: scripted, sessions: 1, every: 1 s }
faults: [{ backend: spark, at: 0, ${fault} }]
`,
  });
  return loadScenario(join(folder, 'scenario.yaml'), { environment: {}, isLocalOnly: false });
};

/** What the proxy's way to the backend comes to. */
const askUnder = async (url: string, fault: string): Promise<string> => {
  const [arm] = scenarioWith([url], fault).arms;
  if (!arm) throw new Error('a scenario has an arm');
  const { system, faults } = arm;
  const stage = await openBackends(
    { system, faults },
    { clock, random: seeded('1'), emit: () => undefined, ask: () => Promise.reject(new Error()) },
  );
  closing.defer(() => stage.close());
  const [backend] = stage.info.backends;
  if (!backend) throw new Error('no backend was opened');
  stage.tell?.('begin', clock.now());
  const paths = new BackendPaths(backend, { clock });
  closing.defer(() => paths.close());
  const request = { method: 'GET', headers: {} } as const;
  const { signal } = new AbortController();
  return paths
    .send((base) => `${base}/models`, request, signal)
    .then(
      ({ status }) => String(status),
      (error: unknown) => failureOfError(error).message,
    );
};

test.each([
  ['nothing that acts', 'kind: cut, afterBytes: 1000000', '204'],
  ['a certificate that has expired', 'kind: certificate', 'expired'],
  ['a certificate for another name', 'kind: certificate, form: wrong-name', 'another name'],
  ['a handshake that hangs', 'kind: silent, when: connect', 'longer than 500 ms'],
  ['plain HTTP', 'kind: not-tls', 'does not speak TLS'],
])('a real server behind TLS, under %s', async (_, fault, said) => {
  const port = await portOf(
    createServer(
      good,
      (asked, answer) =>
        void asked.resume().on('end', () => {
          answer.writeHead(204).end();
        }),
    ),
  );
  expect(await askUnder(`https://localhost:${port}/v1`, fault)).toContain(said);
});

test('an address that a fault is to break must be there before the run', async () => {
  const open = createPlainServer((_, answer) => answer.writeHead(204).end());
  const urls = [`http://127.0.0.1:${await portOf(open)}/v1`, 'http://127.0.0.1:9/v1'];
  await preflight(scenarioWith(urls, 'kind: refuse, path: 1'));
  await expect(preflight(scenarioWith(urls, 'kind: refuse, path: 2'))).rejects.toThrow(
    '127.0.0.1:9',
  );
});
