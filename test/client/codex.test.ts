/**
 * `@openai/codex`, the binary as it is shipped, without a person: `codex exec` with its own prompt
 * of some 40 kB and its nine tools, hosted ones and namespaces among them. Over HTTP it keeps the
 * state itself and replays everything; over a WebSocket it relies on what its socket remembers.
 *
 * Its commands run outside its sandbox, which needs rights that a container may not have: the only
 * command is the `echo` of the script.
 */

import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { answer, begun, rest, type ScriptName, thought } from './script.ts';
import { type ScriptedProxy, serveScripted } from './served.ts';
import { tap } from './tap.ts';

const codex = fileURLToPath(import.meta.resolve('@openai/codex/bin/codex.js'));

const whyNot = ({ status, error, stderr }: SpawnSyncReturns<string>): string | undefined =>
  status === 0
    ? undefined
    : `codex cannot run here: ${error?.message ?? /^.*error.*$/im.exec(stderr)?.[0] ?? status}`;

/** Undefined where it runs; else the reason, which is printed with each test that is left out. */
const reason = whyNot(
  spawnSync(process.execPath, [codex, '--version'], { encoding: 'utf8', timeout: 30_000 }),
);
const skip = reason ?? false;

interface Told {
  readonly code: number | null;
  readonly messages: readonly string[];
  readonly thoughts: readonly string[];
  readonly printed: readonly string[];
  readonly errors: readonly string[];
  /** All of it, for a test that fails. */
  readonly whole: string;
}

/** A home for Codex, with one conversation in it at a time. */
class Home implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'spillway-codex-'));

  async say(
    { url }: Pick<ScriptedProxy, 'url'>,
    model: ScriptName,
    prompt: string,
    { isResumed = false, isWebSocket = false } = {},
  ): Promise<Told> {
    writeFileSync(join(this.#folder, 'config.toml'), configOf(url, model, isWebSocket));
    const resume = isResumed ? ['resume', '--last'] : [];
    const child = spawn(
      process.execPath,
      [
        codex,
        ...['exec', '--sandbox', 'danger-full-access', ...resume],
        ...['--json', '--skip-git-repo-check', prompt],
      ],
      {
        cwd: this.#folder,
        env: {
          ...{ PATH: process.env['PATH'], HOME: this.#folder, CODEX_HOME: this.#folder },
          PROXY_KEY: 'unused',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 60_000,
      },
    );
    let out = '';
    let told = '';
    child.stdout.on('data', (bytes) => (out += String(bytes)));
    child.stderr.on('data', (bytes) => (told += String(bytes)));
    await once(child, 'close');
    return { ...read(out), code: child.exitCode, whole: `${out}\n${told}` };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const configOf = (url: string, model: ScriptName, isWebSocket: boolean): string => `
model = "${model}"
model_provider = "proxy"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.proxy]
name = "spillway"
base_url = "${url}"
env_key = "PROXY_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
stream_idle_timeout_ms = 30000
supports_websockets = ${isWebSocket}
`;

/** Its report: one JSON object on each line. */
const read = (out: string): Omit<Told, 'code' | 'whole'> => {
  const told = { messages: [], thoughts: [], printed: [], errors: [] } as Record<string, string[]>;
  for (const line of out.split('\n').filter((it) => it !== '')) {
    const { type, item, message } = JSON.parse(line);
    if (type === 'error') told['errors']?.push(message);
    if (type !== 'item.completed') continue;
    if (item.type === 'agent_message') told['messages']?.push(item.text);
    if (item.type === 'reasoning') told['thoughts']?.push(item.text);
    if (item.type === 'command_execution') told['printed']?.push(item.aggregated_output);
  }
  const { messages = [], thoughts = [], printed = [], errors = [] } = told;
  return { messages, thoughts, printed, errors };
};

const opened = new AsyncDisposableStack();
let proxy: ScriptedProxy;
let continuing: ScriptedProxy;

before(async () => {
  proxy = opened.use(await serveScripted('fail'));
  continuing = opened.use(await serveScripted('continue'));
});
after(() => opened.disposeAsync());

for (const isWebSocket of [false, true])
  suite(`Codex over ${isWebSocket ? 'WebSocket' : 'HTTP'}`, { skip }, () => {
    const options = { isWebSocket };

    test('text is its message, and came the way it was meant to', async () => {
      using home = new Home();
      await using listener = await tap(proxy.url);
      const told = await home.say(listener, 'text', 'How is the dam?', options);
      assert.equal(told.code, 0, told.whole);
      assert.deepEqual(told.messages, [answer]);
      assert.deepEqual(told.errors, []);
      const begun = isWebSocket ? /^GET .*upgrade: websocket/is : /^POST \/v1\/responses /;
      assert.ok(listener.heads.length > 0);
      for (const head of listener.heads) assert.match(head, begun);
    });

    test('thinking is its reasoning', async () => {
      using home = new Home();
      const told = await home.say(proxy, 'thinking', 'How is the dam?', options);
      assert.equal(told.code, 0, told.whole);
      assert.deepEqual([told.thoughts, told.messages], [[thought], [answer]]);
    });

    test('a command is run, and the model is told what it printed', async () => {
      using home = new Home();
      const told = await home.say(proxy, 'command', 'How is the dam?', options);
      assert.equal(told.code, 0, told.whole);
      assert.deepEqual(told.printed, ['dam-42\n']);
      assert.deepEqual(told.messages, ['It printed: dam-42']);
    });

    test('a tool in a namespace is found again', async () => {
      using home = new Home();
      const told = await home.say(proxy, 'nested', 'How is the dam?', options);
      assert.equal(told.code, 0, told.whole);
      assert.match(told.messages.join(), /^It told: invalid agent id nobody/);
    });

    test('a session that is resumed has its first turn before the second', async () => {
      using home = new Home();
      await home.say(proxy, 'thinking', 'One?', options);
      const told = await home.say(proxy, 'echo', 'Two?', { ...options, isResumed: true });
      assert.equal(told.code, 0, told.whole);
      assert.match(told.messages.join(), /One\? .*\/ Two\?$/s);
    });

    test('an error of every backend is told with the cause of each', async () => {
      using home = new Home();
      const told = await home.say(proxy, 'failed', 'How is the dam?', options);
      assert.equal(told.code, 1, told.whole);
      assert.match(told.errors.join(), /spark: .*out of order.*azure: .*out of order/);
    });

    test('an answer cut by its limit is told to be incomplete', async () => {
      using home = new Home();
      const told = await home.say(proxy, 'incomplete', 'How is the dam?', options);
      assert.equal(told.code, 1, told.whole);
      assert.match(told.errors.join(), /max_output_tokens/);
    });

    for (const model of ['refused', 'broken', 'limited'] as const)
      test(`a first backend that is ${model} is not noticed`, async () => {
        using home = new Home();
        const told = await home.say(proxy, model, 'How is the dam?', options);
        assert.equal(told.code, 0, told.whole);
        assert.deepEqual(told.messages, [answer]);
      });

    test('an answer that breaks off is an error', async () => {
      using home = new Home();
      const told = await home.say(proxy, 'cut', 'How is the dam?', options);
      assert.equal(told.code, 1, told.whole);
      assert.match(told.errors.join(), /The answer broke off/);
    });

    test('an answer that breaks off and is continued is one message', async () => {
      using home = new Home();
      const told = await home.say(continuing, 'cut', 'How is the dam?', options);
      assert.equal(told.code, 0, told.whole);
      assert.deepEqual(told.messages, [begun + rest]);
    });
  });
