/**
 * Progress on stderr: one line redrawn on a terminal; elsewhere a plain line as each phase begins,
 * and now and then between.
 *
 * Entries only move counters; drawing happens on a timer, so that a busy run is not slowed.
 */

import { styleText } from 'node:util';

import type { Exchange, LogEntry } from '../log/entry.ts';
import { playable } from '../run/lane-target.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { describeScenario } from '../scenario/describe.ts';
import { systemClock } from '../time/system-clock.ts';

export interface ProgressDisplay extends Disposable {
  readonly see: (entry: LogEntry, arm: string) => void;
  /** A remark of its own, kept on the screen. */
  say(text: string): void;
  end(): void;
}

interface Counts {
  arm: string;
  phase: string;
  answered: number;
  failed: number;
  acts: number;
  lastFault: string;
  /** Of a suite: trials played in this arm, and the row of the last. */
  trials: number;
  row: number | undefined;
  readonly byBackend: Map<string, number>;
  readonly ttfo: number[];
}

/** What an arm begins with. */
const nothingYet = (): Omit<Counts, 'arm'> => ({
  phase: 'opening',
  answered: 0,
  failed: 0,
  acts: 0,
  lastFault: '',
  trials: 0,
  row: undefined,
  byBackend: new Map(),
  ttfo: [],
});

const drawMs = 250;
const lineMs = 10_000;

export const progressDisplay = (
  scenario: Scenario,
  stream: NodeJS.WriteStream,
): ProgressDisplay => {
  const clock = systemClock();
  const isLive = stream.isTTY && process.env['TERM'] !== 'dumb' && process.env['CI'] === undefined;
  const style = (how: 'bold' | 'dim', text: string): string => styleText(how, text, { stream });
  const counts: Counts = { arm: scenario.arms[0]?.name ?? 'main', ...nothingYet() };
  let isOpen = true;
  let timer: Disposable | undefined;
  const clear = (): void => {
    if (isLive) stream.write('\r\u001B[2K');
  };
  const line = (): string => {
    const text = progressLine(counts, clock.now(), scenario);
    return isLive ? text.slice(0, Math.max(20, (stream.columns ?? 80) - 1)) : text;
  };
  const tick = (): void => {
    if (!isOpen) return;
    stream.write(isLive ? `\r\u001B[2K${line()}` : `${line()}\n`);
    timer = clock.at(clock.now() + (isLive ? drawMs : lineMs), tick);
  };
  const say = (text: string): void => {
    clear();
    stream.write(`${text}\n`);
  };
  say(style('bold', scenario.question));
  say(style('dim', describeScenario(scenario)));
  timer = clock.at(clock.now() + (isLive ? drawMs : lineMs), tick);
  const end = (): void => {
    if (!isOpen) return;
    isOpen = false;
    timer?.[Symbol.dispose]();
    clear();
  };

  return {
    see: (entry, arm) => {
      if (arm !== counts.arm) {
        counts.arm = arm;
        Object.assign(counts, nothingYet());
      }
      note(counts, entry);
      if (entry.kind === 'phase' && !isLive && isOpen) stream.write(`${line()}\n`);
    },
    say,
    end,
    [Symbol.dispose]: end,
  };
};

const note = (counts: Counts, entry: LogEntry): void => {
  if (entry.kind === 'phase') counts.phase = entry.name;
  else if (entry.kind === 'act') {
    counts.acts++;
    counts.lastFault = `${entry.what} at ${entry.backend}`;
  } else if (entry.kind === 'exchange') noteExchange(counts, entry);
};

const noteExchange = (counts: Counts, exchange: Exchange): void => {
  if (exchange.outcome === 'completed' || exchange.outcome === 'incomplete') counts.answered++;
  else if (exchange.outcome !== 'cancelled') counts.failed++;
  if (exchange.trial?.role === 'faulted') {
    counts.trials++;
    counts.row = exchange.trial.row;
  }
  const backend = exchange.backend ?? 'unknown';
  counts.byBackend.set(backend, (counts.byBackend.get(backend) ?? 0) + 1);
  if (exchange.firstTextAt !== undefined && exchange.sentAt !== undefined) {
    counts.ttfo.push(exchange.firstTextAt - exchange.sentAt);
    if (counts.ttfo.length > 50) counts.ttfo.shift();
  }
};

/** `0:41 steady · 17 answered · 0 failed · spark 14 azure 3 · first text 0.6 s · 3 faults`. */
const progressLine = (counts: Counts, now: number, { arms }: Scenario): string => {
  const arm = arms.find(({ name }) => name === counts.arm);
  const rows = arm?.suite && playable(arm.suite, arm).rows.map(({ row }) => row);
  const trials = (rows ?? []).reduce((sum, { repetitions }) => sum + repetitions, 0);
  const row = rows?.[counts.row ?? 0]?.name ?? '';
  const seconds = Math.floor(now / 1000);
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  const sorted = counts.ttfo.toSorted((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)];
  const shares = [...counts.byBackend].map(([name, times]) => `${name} ${times}`).join(' ');
  return [
    `${time} ${arms.length > 1 ? `[${counts.arm}] ` : ''}${counts.phase}`,
    ...(rows ? [`trial ${counts.trials} of ${trials}, last ${row}`] : []),
    `${counts.answered} answered`,
    `${counts.failed} failed`,
    ...(shares === '' ? [] : [shares]),
    ...(median === undefined ? [] : [`first text ${(median / 1000).toFixed(2)} s`]),
    ...(counts.acts === 0
      ? []
      : [`${counts.acts} fault${counts.acts === 1 ? '' : 's'}, last ${counts.lastFault}`]),
  ].join(' · ');
};
