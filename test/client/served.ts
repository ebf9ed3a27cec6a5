/** `spillway serve` as a process of its own, in front of simulated or scripted backends. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { scripts } from './script.ts';
import { type Upstream, scriptedUpstream } from './scripted-upstream.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Served {
  /** Base URL for a client: `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  /** Ends it as a power cut would: no signal handler runs. */
  kill(): Promise<void>;
  /** Asks it to end, and expects that it does so in good order. */
  stop(): Promise<void>;
}

/** How long the proxy may take to end in good order. */
const stopMsMax = 15_000;

/** Starts the proxy and waits for the line that says where it listens. */
const serve = async (folder: string, system: string): Promise<Served> => {
  const file = join(folder, 'spillway.yaml');
  writeFileSync(file, system);
  const child = spawn(process.execPath, [main, 'serve', file, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (bytes) => (said += String(bytes)));
  const exited = once(child, 'exit');
  // A run that is given up must not leave it behind.
  const leave = () => child.kill('SIGKILL');
  process.once('exit', leave);
  void exited.then(() => process.off('exit', leave));
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url === undefined) continue;
    child.stdout.resume();
    return {
      url,
      async kill() {
        child.kill('SIGKILL');
        await exited;
      },
      async stop() {
        child.kill('SIGTERM');
        const late = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
        const [code] = await exited;
        clearTimeout(late);
        assert.equal(code, 0, `the proxy ended with ${code} and said:\n${said}`);
      },
    };
  }
  throw new Error(`the proxy ended before it listened:\n${said}`);
};

/** The simulated hybrid at twenty times its speed, with its state in a folder that outlives it. */
export const serveHybrid = (folder: string): Promise<Served> =>
  serve(
    folder,
    `
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
`,
  );

export interface ScriptedProxy extends AsyncDisposable {
  readonly url: string;
  readonly upstream: Upstream;
}

/** The order of backends for a model; the Spark and then Azure, unless the script is about that. */
const orders: Readonly<Record<string, readonly string[]>> = {
  refused: ['dead', 'azure'],
  limited: ['azure', 'spark'],
};

/** The proxy in front of scripted backends. No breaker opens, so each test meets them afresh. */
export const serveScripted = async (
  midStream: 'fail' | 'continue',
  keys: readonly {
    readonly name: string;
    readonly key: string;
    readonly residency?: string;
  }[] = [],
): Promise<ScriptedProxy> => {
  await using opening = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'spillway-client-'));
  opening.defer(() => rmSync(folder, { recursive: true }));
  const upstream = opening.use(await scriptedUpstream());
  const models = Object.keys(scripts).map((name) => {
    const candidates = (orders[name] ?? ['spark', 'azure'])
      .map((backend) => `{ backend: ${backend}, model: ${name} }`)
      .join(', ');
    return `  ${name}: [${candidates}]`;
  });
  const served = await serve(
    folder,
    `
state: { kind: sqlite, path: ${join(folder, 'state.db')} }
backends:
  spark: { kind: ollama, url: '${upstream.sparkUrl}', slots: 8 }
  azure: { kind: azure-openai, url: '${upstream.azureUrl}', apiKey: azure-key, slots: 8 }
  dead: { kind: ollama, url: '${upstream.deadUrl}', slots: 8 }
models:
${models.join('\n')}
midStream: ${midStream}
${keys.length > 0 ? `keys: ${JSON.stringify(keys)}` : ''}
breaker: { hardFailures: 1000, softFailures: 1000 }
`,
  );
  opening.defer(() => served.stop());
  const opened = opening.move();
  return { url: served.url, upstream, [Symbol.asyncDispose]: () => opened.disposeAsync() };
};
