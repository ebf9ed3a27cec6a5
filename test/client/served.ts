/** `spillway serve` as a process of its own, with its state in a folder that outlives it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The simulated hybrid at twenty times its speed. */
const systemIn = (folder: string): string => `
listen: 127.0.0.1:4000
state: { kind: sqlite, path: ${join(folder, 'state.db')}, retainDays: 30 }
backends:
  spark:
    kind: ollama
    url: simulated
    simulate: { profile: gpt-oss-120b@ollama, parallel: 1, timeScale: 0.05 }
  azure:
    kind: azure-openai
    url: simulated
    simulate: { ttftMsP50: 900, ttftMsP95: 2900, tokensPerSecond: 80, timeScale: 0.05 }
    deployment: { type: GlobalStandard, region: japaneast }
models:
  gpt-oss-120b:
    - { backend: spark, model: 'gpt-oss:120b', numCtx: 32768 }
    - { backend: azure, model: gpt-5-mini }
`;

export interface Served {
  /** Base URL for a client: `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  /** Ends it as a power cut would: no signal handler runs. */
  kill(): Promise<void>;
}

/** Starts the proxy and waits for the line that says where it listens. */
export const serve = async (folder: string): Promise<Served> => {
  const file = join(folder, 'spillway.yaml');
  writeFileSync(file, systemIn(folder));
  const child: ChildProcess = spawn(process.execPath, [main, 'serve', file, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const { stdout } = child;
  if (!stdout) throw new Error('expected a pipe');
  for await (const line of createInterface({ input: stdout })) {
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url === undefined) continue;
    stdout.resume();
    return {
      url: url.endsWith('/v1') ? url : `${url}/v1`,
      async kill() {
        child.kill('SIGKILL');
        await exited;
      },
    };
  }
  throw new Error('the proxy ended before it listened');
};
