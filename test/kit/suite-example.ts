/** A suite as rich as a real one: two proxies of ours, a bare relay, and every way a row can go. */

import type { RunLog } from '../../src/log/reader.ts';
import { suiteLog, type TrialShape } from './suite-log.ts';

const shape = (
  end: TrialShape['end'],
  detectMs: number,
  trials: number,
  afterTokens = 0,
): TrialShape => ({ end, detectMs, trials, afterTokens });

const rows = [
  { name: 'refuse', what: 'refuse', catalogue: ['N01'] },
  { name: 'reset-before-headers', catalogue: ['N05', 'S05'] },
  { name: 'reset-mid-stream', catalogue: ['N10', 'S08'], expect: 'continued' as const },
  {
    name: 'silent',
    what: 'silent',
    catalogue: ['N06', 'S06'],
    isSilent: true,
    deadlineMs: 200,
    repetitions: 60,
  },
  {
    name: 'stall-mid-stream',
    what: 'stall',
    catalogue: ['N07', 'S09'],
    isSilent: true,
    deadlineMs: 200,
    expect: 'continued' as const,
  },
  { name: 'truncate', what: 'truncate', catalogue: ['R04', 'S11'], expect: 'continued' as const },
  { name: 'short-stall', what: 'stall', catalogue: ['R08'], expect: 'unaffected' as const },
  { name: 'certificate-expired', what: 'certificate', catalogue: ['N26'] },
];

/** The log of that suite. */
export const suiteExample = (): RunLog =>
  suiteLog({
    rows,
    controls: 300,
    falseFailovers: 1,
    arms: {
      spillway: {
        refuse: shape('switch', 0.4, 150),
        'reset-before-headers': shape('switch', 0.6, 150),
        'reset-mid-stream': shape('switch', 0.8, 60, 20),
        silent: shape('switch', 202, 60),
        'stall-mid-stream': shape('switch', 204, 60, 20),
        truncate: shape('switch', 0.5, 60, 20),
        'short-stall': shape('wait', 300, 60, 20),
        'certificate-expired': shape('switch', 1.5, 40),
      },
      'spillway-fail': {
        refuse: shape('switch', 0.4, 60),
        'reset-before-headers': shape('switch', 0.6, 60),
        'reset-mid-stream': shape('error', 0.8, 60, 20),
        silent: shape('switch', 202, 60),
        'stall-mid-stream': shape('error', 204, 60, 20),
        truncate: shape('error', 0.5, 60, 20),
        'short-stall': shape('wait', 300, 60, 20),
        'certificate-expired': shape('switch', 1.5, 40),
      },
      relay: {
        refuse: shape('switch', 0.1, 60),
        'reset-before-headers': shape('switch', 0.2, 60),
        'reset-mid-stream': shape('truncate', 0.2, 60, 20),
        silent: shape('error', 1200, 6),
        'stall-mid-stream': shape('truncate', 1200, 6, 20),
        truncate: shape('repeat', 0.4, 60, 20),
        'short-stall': shape('wait', 300, 60, 20),
        'certificate-expired': shape('never-acts', 1, 12),
      },
    },
  });
