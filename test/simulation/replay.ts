/**
 * `npm run simulate -- --seed 8317 [--trace]`: plays one seed of the simulation again and says what
 * it broke; with `--trace`, what was drawn and what happened, line by line.
 */

import { writeSync } from 'node:fs';
import { isDeepStrictEqual, parseArgs } from 'node:util';

import type { LogEntry } from '../../src/log/entry.ts';
import { check } from './checker.ts';
import { drawSwarm, type Swarm } from './swarm.ts';
import { runSwarm, type SwarmRun } from './swarm-run.ts';

const say = (line: string): void => void writeSync(1, `${line}\n`);

const fieldsOf = (fields: object): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');

const sayDrawn = (swarm: Swarm): void => {
  const { system, faults, quirks, jumps, reloads, stopAt, groupMs, faultsUntil } = swarm;
  const { store, spendMaxUsd } = swarm;
  const { backends, models, ...rules } = system;
  for (const backend of backends) say(`backend  ${fieldsOf(backend)}`);
  for (const model of models) say(`model    ${fieldsOf(model)}`);
  say(`rules    ${fieldsOf(rules)}`);
  for (const { action, ...fault } of faults)
    say(`fault    ${fieldsOf({ ...action, ...fault, until: Math.min(fault.until, faultsUntil) })}`);
  for (const quirk of quirks) say(`quirk    ${fieldsOf(quirk)}`);
  for (const jump of jumps) say(`jump     ${fieldsOf(jump)}`);
  for (const { at, system: next } of reloads)
    say(`reload   ${fieldsOf({ at, ...changesOf(system, next) })}`);
  say(`tenure   ${fieldsOf({ stopAt, groupMs })}`);
  say(`until    ${fieldsOf({ faultsUntil, store, spendMaxUsd })}`);
};

/** What another file says otherwise. */
const changesOf = (before: object, after: object): object =>
  Object.fromEntries(
    Object.entries(after).filter(
      ([key, value]) => !isDeepStrictEqual(value, Reflect.get(before, key)),
    ),
  );

/** The instant by which an entry is put in order. */
const instantOf = (entry: LogEntry): number => {
  if ('sentAt' in entry || 'scheduledAt' in entry) return entry.sentAt ?? entry.scheduledAt;
  if ('receivedAt' in entry) return entry.receivedAt;
  if ('startedAt' in entry) return entry.startedAt;
  return 'from' in entry ? entry.from : entry.at;
};

const sayHappened = (run: SwarmRun): void => {
  const names = new Map(
    run.turns.map(({ trace, question }) => [trace, `s${question.session} t${question.turn}`]),
  );
  const told = [
    ...run.entries.map((entry) => ({ at: instantOf(entry), fields: entry })),
    ...run.quirks.map((act) => ({ at: act.at, fields: { ...act, kind: `quirk ${act.kind}` } })),
  ].toSorted((one, other) => one.at - other.at);
  for (const { at, fields } of told) {
    const { kind, arm: _, chunks: __, ...rest } = { arm: '', chunks: '', trace: '', ...fields };
    const whose = names.get(rest.trace) ?? '';
    const line = fieldsOf({ ...rest, trace: undefined, span: undefined });
    say(`${at.toFixed(2).padStart(12)}  ${whose.padEnd(8)} ${kind.padEnd(11)} ${line}`);
  }
};

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
});
const seed = Number(values.seed);
if (!Number.isInteger(seed)) {
  say('expected a seed: npm run simulate -- --seed 8317 [--trace]');
  process.exitCode = 2;
} else {
  const swarm = drawSwarm(seed);
  const run = await runSwarm(swarm);
  if (values.trace) {
    sayDrawn(swarm);
    sayHappened(run);
  }
  const violations = check(run);
  for (const { checker, what } of violations) say(`violated ${checker}: ${what}`);
  say(`seed ${seed}: ${run.turns.length} turns, ${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
