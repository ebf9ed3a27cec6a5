/**
 * A thousand experiments drawn from their seeds, and every seed that ever failed. What must hold is
 * in `checker.ts`; what is drawn, in `swarm.ts`.
 */

import { expect, test } from 'vitest';

import { check } from './checker.ts';
import { socketOddities } from './reader.ts';
import { shownKinds } from './swarm-fault.ts';
import { drawSwarm } from './swarm.ts';
import { runSwarm } from './swarm-run.ts';
import { threadKinds } from './thread.ts';

const seedCount = 1000;

/** Seeds that failed, whatever the present draw makes of them, and what each taught. */
const lessons: readonly (readonly [seed: number, taught: string])[] = [
  [
    36,
    'an instant plus 15 s, less the instant, may be less than 15 s: a timer set itself for ever',
  ],
  [3, 'a second box that was never looked at was asked although its model was not in memory'],
  [60, 'a box told of models whose time in memory was over, until somebody made it look'],
  [439, 'a continuation that says nothing made half an answer look whole'],
  [
    622,
    'a call that loads a model and hangs kept a box that was well from serving for ten minutes',
  ],
  [153, 'the same, after a path that had gone silent'],
  [498, 'an answer without a word made its backend look for a token that never came, for ever'],
  [567, 'a box whose window was too short kept the next one from being looked at'],
  [113, 'a model may leave memory within the two seconds for which a look is believed'],
  [441, 'so it may while a request waits to be told, and then nobody is to blame'],
  [104, 'a model’s probe that waited for a load which hung kept it shut out for ten minutes'],
  [199, 'a model may leave memory in the very answer that ends as the clock jumps'],
  [401, 'two jumps within one silence take more than is given back: nothing is opened by one'],
  [2000, 'a box that the caller forbade kept the next one from being looked at'],
  [619, 'the same sum of instants had the reader of a background response spin for ever'],
  [10, 'a proxy that was stopped says 503 to everybody, whatever their limits'],
  [215, 'who cancels an answer that he reads is not told of its end'],
  [4612, 'a budget that ran out while a request waited for the cloud was overspent'],
  [4242, 'a cut answer that could not be stored called its last item whole in one place'],
  [6170, 'an opinion from before an attempt began condemned it'],
  [2643, 'an answer without a word was taken for a sign that the model was in memory'],
  [3810, 'a look that is not answered in time leaves what was known to be believed'],
  [6434, 'money is counted when a slow reader has read to the end'],
  [2855, 'who leaves before being told the id of a background response cannot come back'],
  [7383, 'an answer that was read slowly brought back a model that had left memory since'],
  [8067, 'a cloud whose first token may take any time is at times too slow by itself'],
  [11305, 'a turn was sent a hair before it was due: an instant less now, plus now, is less'],
  [13019, 'who comes back after ten minutes finds the answer, and no events any more'],
  [14389, 'an attempt is paid for as it ends, and not as its reader has read it'],
  [16647, 'what a box began while it was throttled takes its time after that'],
  [789, 'a first look came when the model was being loaded, and took it for ready'],
  [8123, 'of models that take turns in memory, one that has answered others may be away again'],
  [5160, 'a model that was put out and is on its way back looks as if it had never left'],
  [4318, 'a box that came to the front while one waited for the first was not looked at'],
  [131, 'a request for a cold model that was lost was waited for as long as a load may take'],
  [3173, 'a box that has lost a model takes its time to load it again'],
  [2076, 'two models on one host with room for one put each other out for ever'],
  [6128, 'a model was put out by its neighbour in the moment it was asked'],
  [4702, 'a box whose quota was used up kept the next one from being looked at'],
  [7483, 'a backend that the caller forbade has not been passed over'],
];

/** Runs a seed; an empty text, or the line that replays it and what it broke. */
const verdictOf = async (seed: number): Promise<string> => {
  const violations = check(await runSwarm(drawSwarm(seed)));
  const told = violations.map(({ checker, what }) => `\n  ${checker}: ${what}`);
  return told.length === 0 ? '' : `npm run simulate -- --seed ${seed}${told.join('')}`;
};

test.each(lessons)('seed %i: %s', async (seed) => {
  expect(await verdictOf(seed)).toBe('');
});

test(`whatever goes wrong, nothing is lost, repeated, leaked or left (${seedCount} seeds)`, async () => {
  const broken: string[] = [];
  for (let seed = 1; seed <= seedCount; seed++) {
    const verdict = await verdictOf(seed);
    if (verdict !== '') broken.push(verdict);
  }
  expect(broken.join('\n')).toBe('');
}, 600_000);

test('the same seed twice gives the same log, byte for byte', async () => {
  for (const seed of [1, 17, 113, 439, 622]) {
    const [once, again] = [await runSwarm(drawSwarm(seed)), await runSwarm(drawSwarm(seed))];
    expect(JSON.stringify(again.entries)).toBe(JSON.stringify(once.entries));
  }
});

test('the mixture has what it is for: every kind, end and cause, and quiet runs', async () => {
  const seen = new Set<string>();
  const acted = new Set<string>();
  for (let seed = 1; seed <= 150; seed++) {
    const run = await runSwarm(drawSwarm(seed));
    if (run.entries.every(({ kind }) => kind !== 'act') && run.quirks.length === 0)
      seen.add('quiet');
    for (const { session, manner } of run.turns)
      seen
        .add(session.thread)
        .add(manner.background ?? '')
        .add(manner.onSocket ?? '');
    if (run.turns.some(({ manner }) => manner.knocksAfterMs !== undefined)) seen.add('guest');
    if (run.branches.size > 0) seen.add('branch');
    if (run.doubles.size > 0) seen.add('double');
    if (run.swarm.reloads.length > 0) seen.add('reload');
    if (run.jumpedAt.length > 0) seen.add('jump');
    for (const entry of run.entries) {
      if (entry.kind === 'act') acted.add(entry.what);
      if (entry.kind === 'attempt') seen.add(entry.cause).add(entry.reason ?? entry.outcome);
      if (entry.kind === 'exchange') seen.add(entry.outcome);
    }
  }
  for (const kind of ['quiet', 'first', 'failover', 'continue', 'spill', 'served', 'bad-seam'])
    expect(seen).toContain(kind);
  for (const thread of threadKinds) expect(seen).toContain(thread);
  for (const event of ['comes-back', 'cancels', 'reload', 'jump', 'guest', 'branch', 'double'])
    expect(seen).toContain(event);
  for (const oddity of socketOddities) expect(seen).toContain(oddity);
  // One kind or another is rare: it waits for the middle of a call.
  const idle = shownKinds.filter(({ kind }) => !acted.has(kind));
  expect(idle.length).toBeLessThanOrEqual(2);
  for (const outcome of ['completed', 'incomplete', 'failed', 'cancelled'])
    expect(seen).toContain(outcome);
}, 60_000);
