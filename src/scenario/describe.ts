/** Says in a sentence or two what a scenario will do. */

import type { Scenario } from './scenario.ts';

/** `failover suite: 120 rows of 60 or 20 trials, …`, where the scenario is one. */
const describeSuite = ({ arms }: Scenario): string | undefined => {
  const rows = arms[0]?.suite?.rows.map(({ row }) => row);
  if (!rows) return undefined;
  const counts = arms.map(({ suite }) =>
    (suite?.rows ?? []).reduce((sum, { row }) => sum + row.repetitions, 0),
  );
  const most = Math.max(...counts);
  const trials = counts.every((count) => count === most) ? `${most}` : `up to ${most}`;
  const names = arms.length > 1 ? ` for each of ${arms.map(({ name }) => name).join(', ')}` : '';
  return `failover suite: ${rows.length} faults, ${trials} trials${names}`;
};

/** `12 sessions/min (gamma, cv 1.2) …; spark: reset mid-stream from 60 s to 90 s; arms: a, b`. */
export const describeScenario = (scenario: Scenario): string => {
  const suite = describeSuite(scenario);
  if (suite !== undefined) return suite;
  const arm = scenario.arms[0];
  const loads = (arm?.workloads ?? []).map(
    (workload) => `${workload.name} (${workload.profile}, ${describeLoad(workload.load)})`,
  );
  const backends = (arm?.system.backends ?? []).map(
    (backend) => `${backend.name}${backend.simulate ? ' (simulated)' : ''}`,
  );
  const arms = scenario.arms.length > 1 ? `${scenario.arms.length} arms: ` : '';
  const names =
    scenario.arms.length > 1 ? `${scenario.arms.map(({ name }) => name).join(', ')}; ` : '';
  const faults = describeFaults(scenario);
  return `${arms}${names}${loads.join(' and ')} through the proxy to ${backends.join(' and ')}${faults}`;
};

const describeLoad = (load: Scenario['arms'][number]['workloads'][number]['load']): string => {
  switch (load.kind) {
    case 'open': {
      const law = load.arrivals?.kind ?? 'gamma';
      return `${load.sessionsPerSecond} sessions/s, ${law}`;
    }
    case 'closed':
      return `${load.concurrentSessions} at a time`;
    case 'scripted':
      return `${load.sessions} sessions, one each ${load.every}`;
  }
};

/** The commands that a run of the scenario executes on this machine, one sentence for each. */
export const describeCommands = ({ arms }: Scenario): readonly string[] => [
  ...new Set(
    arms.flatMap(({ faults }) =>
      faults.flatMap(({ backend, action: { command, heal } }) => [
        ...(command ? [`runs \`${command.join(' ')}\` to break ${backend}`] : []),
        ...(heal ? [`runs \`${heal.join(' ')}\` to mend it: before, after, and at the end`] : []),
      ]),
    ),
  ),
];

const describeFaults = (scenario: Scenario): string => {
  const faults = scenario.arms[0]?.faults ?? [];
  if (faults.length === 0) return '';
  const words = new Map<string, number>();
  // The offsets of a sweep act one after another, and are one fault to a reader.
  const seen = new Set<string>();
  for (const { index, backend, action, address } of faults) {
    const key = JSON.stringify([index, backend, address]);
    if (seen.has(key)) continue;
    seen.add(key);
    const word = `${backend}: ${action.kind}`;
    words.set(word, (words.get(word) ?? 0) + 1);
  }
  const list = [...words].map(([word, times]) => (times > 1 ? `${word} × ${times}` : word));
  return `; faults: ${list.join(', ')}`;
};
