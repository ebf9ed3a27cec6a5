/**
 * The building plan, enforced.
 *
 * `rooms` is the architecture: a room may import the rooms named beside it and no others. Every
 * room stands below the rooms it imports, so data flows down the list, imports point up it, and
 * there can be no cycle. `suppliers` gives each npm package its home. A permission nobody uses
 * fails too: the plan says what is, not what might be.
 */

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { expect, test } from 'vitest';

const rooms: Readonly<Record<string, readonly string[]>> = {
  time: [],
  random: [],
  protocol: [],
  token: ['random'],
  metric: [],
  log: ['protocol'],
  economics: ['log', 'protocol'],
  engine: ['random'],
  system: ['engine'],
  diagnosis: ['time', 'system'],
  workload: ['time', 'random', 'protocol', 'token'],
  load: ['time', 'random', 'token', 'workload'],
  'target/fault': ['time', 'random', 'protocol', 'log', 'system'],
  scenario: ['time', 'log', 'metric', 'system', 'load', 'workload', 'target/fault'],
  'target/backend': [
    'time',
    'random',
    'protocol',
    'token',
    'log',
    'engine',
    'system',
    'workload',
    'target/fault',
  ],
  'target/yardstick': ['time', 'random', 'protocol', 'log', 'system'],
  'target/proxy': ['time', 'random', 'protocol', 'log', 'system', 'diagnosis'],
  client: ['time', 'protocol', 'log', 'workload'],
  measurement: ['time', 'protocol', 'log', 'client'],
  analysis: ['random', 'protocol', 'metric', 'log', 'economics'],
  report: ['metric', 'log', 'analysis'],
  run: [
    'time',
    'random',
    'protocol',
    'token',
    'metric',
    'log',
    'economics',
    'engine',
    'system',
    'workload',
    'load',
    'target/fault',
    'scenario',
    'target/backend',
    'target/proxy',
    'target/yardstick',
    'client',
    'measurement',
    'analysis',
    'report',
  ],
  bench: ['time', 'random', 'protocol', 'token', 'system', 'target/proxy'],
  cli: [
    'time',
    'random',
    'log',
    'system',
    'diagnosis',
    'scenario',
    'client',
    'report',
    'run',
    'bench',
  ],
  '.': ['log', 'system', 'scenario', 'analysis', 'report', 'run'],
};

const suppliers: Readonly<Record<string, readonly string[]>> = {
  '@pydantic/genai-prices': ['economics'],
  '@resvg/resvg-js': ['report'],
  autocannon: ['bench'],
  'csv-stringify': ['report'],
  fastify: ['target/backend', 'target/proxy', 'bench'],
  'gpt-tokenizer': ['token'],
  'prom-client': ['target/proxy'],
  tinybench: ['bench'],
  // Wherever a schema is owned, or a foreign answer is held against one.
  typebox: [
    'time',
    'system',
    'diagnosis',
    'workload',
    'load',
    'target/fault',
    'scenario',
    'target/backend',
    'client',
    'measurement',
  ],
  undici: ['diagnosis', 'client', 'target/proxy', 'bench'],
  vega: ['report'],
  'vega-lite': ['report'],
  ws: ['target/proxy'],
  yaml: ['system'],
  yargs: ['cli'],
};

interface Import {
  readonly file: string;
  readonly room: string;
  readonly specifier: string;
}

const importPattern =
  /(?:^(?:import|export)(?:\s+type)?\s+(?:[\w*{][^;'=]*?\sfrom\s+)?|\bimport\()'([^']+)'/gm;

/**
 * The deepest planned room that holds the file: `src/target/proxy/relay.ts` is in `target/proxy`.
 */
const roomOf = (file: string): string => {
  const path = dirname(file).replace(/^src\/?/, '');
  const room = Object.keys(rooms)
    .filter((name) => (name === '.' ? path === '' : path === name || path.startsWith(`${name}/`)))
    .toSorted((one, other) => other.length - one.length)[0];
  if (room === undefined) throw new Error(`${file} is in no room of the plan`);

  return room;
};

const imports: readonly Import[] = globSync('src/**/*.ts')
  .toSorted()
  .flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(importPattern)].map(([, specifier = '']) => ({
      file,
      room: roomOf(file),
      specifier,
    })),
  );

const crossings = imports
  .filter(({ specifier }) => specifier.startsWith('.') && specifier.endsWith('.ts'))
  .map(({ file, room, specifier }) => ({
    file,
    room,
    upstream: roomOf(normalize(join(dirname(file), specifier))),
  }))
  .filter(({ room, upstream }) => room !== upstream);

/** `@pydantic/genai-prices` and `gpt-tokenizer/encoding/o200k_harmony` alike. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

test('the tree is read at all', () => {
  expect(imports.length).toBeGreaterThan(100);
  expect(crossings.length).toBeGreaterThan(50);
});

test('each room stands below the rooms it imports', () => {
  const order = Object.keys(rooms);
  const wrong = Object.entries(rooms).flatMap(([room, allowed]) =>
    allowed
      .filter((upstream) => !(order.indexOf(upstream) < order.indexOf(room)))
      .map((upstream) => `${room} → ${upstream}`),
  );
  expect(wrong).toEqual([]);
});

test('rooms import what the plan allows, and all of it', () => {
  const forbidden = crossings
    .filter(({ room, upstream }) => !rooms[room]?.includes(upstream))
    .map(({ file, room, upstream }) => `${file}: ${room} may not import ${upstream}`);
  const unused = Object.entries(rooms).flatMap(([room, allowed]) =>
    allowed
      .filter((upstream) => !crossings.some((it) => it.room === room && it.upstream === upstream))
      .map((upstream) => `${room} never imports ${upstream}: strike it from the plan`),
  );
  expect([...new Set(forbidden), ...unused]).toEqual([]);
});

test('the proxy cannot know of engines, simulated backends or faults', () => {
  const known = rooms['target/proxy'] ?? [];
  for (const room of ['engine', 'target/backend', 'target/fault'])
    expect(known).not.toContain(room);
});

test('the heart of the proxy imports no transport and no database', () => {
  const heart = new Set<string>();
  const visit = (file: string): void => {
    if (heart.has(file)) return;
    heart.add(file);
    for (const { specifier } of imports.filter((it) => it.file === file))
      if (specifier.startsWith('./')) visit(normalize(join(dirname(file), specifier)));
  };
  visit('src/target/proxy/respond.ts');
  const outside = imports
    .filter(({ file }) => heart.has(file))
    .filter(({ specifier }) =>
      /^(?:fastify|undici|ws$|node:(?:sqlite|http|net|tls))/.test(specifier),
    )
    .map(({ file, specifier }) => `${file}: ${specifier}`);
  expect(heart.size).toBeGreaterThan(5);
  expect(outside).toEqual([]);
});

test('each package is imported only where it lives, and lives where it is imported', () => {
  const used = imports.filter(
    ({ specifier }) => !specifier.startsWith('.') && !specifier.startsWith('node:'),
  );
  const astray = used
    .filter(({ room, specifier }) => !suppliers[packageOf(specifier)]?.includes(room))
    .map(({ file, specifier }) => `${file}: ${specifier} does not live there`);
  const unused = Object.entries(suppliers).flatMap(([name, homes]) =>
    homes
      .filter((home) => !used.some((it) => it.room === home && packageOf(it.specifier) === name))
      .map((home) => `${home} never imports ${name}: strike it from the plan`),
  );
  expect([...new Set(astray), ...unused]).toEqual([]);
});
