/** From a log to a page, with nothing made by hand in between. */

import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { RunLog } from '../../src/log/reader.ts';
import { renderRun } from '../../src/report/report.ts';
import { textSummary } from '../../src/report/text.ts';
import * as kit from '../kit/log.ts';

const turn = (session: number, at: number) => {
  const trace = kit.traceOf(session, 1);
  const sent = { trace, session, turn: 1, scheduledAt: at, sentAt: at };
  return [kit.exchange(sent), kit.attempt({ trace, startedAt: at + 1 })];
};

const whole = kit.log(
  Array.from({ length: 14 }, (_, session) => turn(session + 1, 1_000 + session * 500)).flat(),
);

test('a log gives the same files whatever the order of its lines', async () => {
  const render = (log: RunLog) => renderRun(analyse(log), { language: 'ja' });
  const files = await render(whole);
  expect(await render({ ...whole, entries: whole.entries.toReversed() })).toEqual(files);
  expect(files.get('report.html')).toContain('最初の文字まで');
});

test.each([
  { name: 'a log of nothing but its manifest', kept: 0 },
  { name: 'a log cut in its first second', kept: 6 },
  { name: 'a log without its end', kept: whole.entries.length - 1 },
])('$name still makes a whole page and a summary', async ({ kept }) => {
  const entries = whole.entries.slice(0, kept);
  const analysis = analyse({ ...whole, entries, isWhole: false, cutLines: 1 });
  const page = (await renderRun(analysis, { language: 'en' })).get('report.html');
  expect(page).toContain('Partial: the run did not finish');
  expect(page).not.toMatch(/undefined|NaN|\[object/);
  const plain = { language: 'en', columns: 80, isColour: false, runFolder: 'reports/x' } as const;
  expect(textSummary(analysis, plain)).toContain('Partial');
});
