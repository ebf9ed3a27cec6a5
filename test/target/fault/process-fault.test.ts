/** Faults done by commands: when they are run, and that what they broke is mended. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { FaultError } from '../../../src/target/fault/fault-error.ts';
import { planFaults } from '../../../src/target/fault/plan.ts';
import { healOnce, openProcessFaults } from '../../../src/target/fault/process-fault.ts';
import type { FaultSpec } from '../../../src/target/fault/schema.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import type { Act } from './fault-world.ts';

const clock = systemClock();
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-fault-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A command that writes a word down, and does not understand a shell. */
const noting = (word: string): string[] => [
  process.execPath,
  '-e',
  'fs.appendFileSync(process.argv[1], process.argv[2] + "\\n")',
  join(folder, 'notes'),
  word,
];

const notes = (): string[] => readFileSync(join(folder, 'notes'), 'utf8').trim().split('\n');

const faultsOf = (more: Partial<FaultSpec>) =>
  planFaults([
    { kind: 'exec', backend: 'spark', at: 0, command: noting('broken; rm $HOME'), ...more },
  ]);

const opened = (more: Partial<FaultSpec>) => {
  const acts: Act[] = [];
  const faults = faultsOf(more);
  const open = openProcessFaults({ faults, clock, emit: (act) => acts.push(act) });
  return { open, acts };
};

test('a window breaks as it opens, mends as it closes, and once more at the end', async () => {
  const { open, acts } = opened({ for: '150 ms', heal: noting('mended') });
  open.arm(clock.now());
  await clock.sleep(600);
  expect(notes()).toEqual(['broken; rm $HOME', 'mended']);
  await open.close();
  expect(notes()).toEqual(['broken; rm $HOME', 'mended', 'mended']);
  expect(acts).toMatchObject([{ fault: 0, what: 'exec', backend: 'spark' }]);
});

test('what is open when the run ends is mended', async () => {
  const { open } = opened({ heal: noting('mended') });
  open.arm(clock.now());
  await clock.sleep(20);
  await open.close();
  expect(notes()).toEqual(['broken; rm $HOME', 'mended']);
});

test('a wave breaks again and again', async () => {
  const { open, acts } = opened({
    for: '100 ms',
    every: '400 ms',
    until: '700 ms',
    heal: noting('mended'),
  });
  open.arm(clock.now());
  await clock.sleep(1100);
  await open.close();
  expect(acts).toHaveLength(2);
  expect(notes()).toEqual(['broken; rm $HOME', 'mended', 'broken; rm $HOME', 'mended', 'mended']);
});

test('a command that fails did nothing, and is mended all the same', async () => {
  const { open, acts } = opened({ command: ['/does/not/exist'], heal: noting('mended') });
  open.arm(clock.now());
  await clock.sleep(50);
  await open.close();
  expect(acts).toEqual([]);
  expect(notes()).toEqual(['mended']);
});

test('a heal command is tried before the run, and its failure says why', async () => {
  await healOnce(faultsOf({ heal: noting('tried') }), clock);
  expect(notes()).toEqual(['tried']);
  const failing = [process.execPath, '-e', 'console.error("no such unit"); process.exit(5)'];
  const heal = healOnce(faultsOf({ heal: failing }), clock);
  await expect(heal).rejects.toThrow(FaultError);
  await expect(healOnce(faultsOf({ heal: failing }), clock)).rejects.toThrow(
    /failed with 5: no such unit$/,
  );
});
