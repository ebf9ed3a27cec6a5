/**
 * The words of the command line: help as people read it, and what is said of words it cannot use.
 */

import { describe, expect, test } from 'vitest';

import { folderWith, spillway } from './spillway.ts';

const timeout = 60_000;
const here = folderWith({ 'file.yaml': 'a: 1\n' });

describe('help', () => {
  test.for([
    '',
    'run',
    'report',
    'check',
    'serve',
    'simulate',
    'fault',
    'init',
    'doctor',
    'bench',
    'schema',
  ])('of `spillway %s`', { timeout }, async (command) => {
    const { code, stdout } = await spillway(here, [command, '--help'].filter(Boolean));
    expect(code).toBe(0);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    const name = command === '' ? 'spillway' : command;
    await expect(stdout).toMatchFileSnapshot(`../golden/help/${name}.txt`);
  });
});

describe('words that cannot be used end with 2 and a hint, and no stack', () => {
  test.for([
    ['', 'expected a command, found none'],
    ['rnu file.yaml', "unknown command 'rnu'"],
    ['frobnicate', "unknown command 'frobnicate'"],
    ['frobnicate file.yaml', "unknown command 'frobnicate'"],
    ['run', 'expected one more word, found none'],
    ['run file.yaml more', 'Unknown argument: more'],
    ['run file.yaml --nope', 'Unknown argument: nope'],
    ['run file.yaml --seed abc', '--seed: expected a whole number from 0 to 4294967295'],
    ['run file.yaml --seed', 'Not enough arguments following: seed'],
    ['run file.yaml --lang fr', 'Choices: "en", "ja"'],
    ['run file.yaml --target here', "--target: expected an address, found 'here'"],
    ['serve --port 99999', '--port: expected a whole number from 0 to 65535'],
    ['serve --host 0.0.0.0', 'a proxy without keys would be open to everyone'],
    ['schema nope', 'Choices: "system", "scenario"'],
    ['report nowhere', 'expected a run folder with a log.ndjson, found none'],
    ['init spark', "expected an address, found 'spark'"],
  ] as const)('%s', { timeout }, async ([line, problem]) => {
    const { code, stdout, stderr } = await spillway(here, line.split(' ').filter(Boolean), {
      LANG: 'ja_JP.UTF-8',
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(problem);
    expect(stderr.match(/^error: /gm)).toHaveLength(1);
    expect(stderr).toContain('\nhint: ');
    expect(stderr).not.toMatch(/\n +at /);
  });
});

test('the schemas are JSON, and say what they are', { timeout }, async () => {
  for (const kind of ['system', 'scenario']) {
    const { stdout } = await spillway(here, ['schema', kind]);
    expect(JSON.parse(stdout)).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
    });
  }
});
