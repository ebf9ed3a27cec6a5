/** Looking at backends while somebody looks, and no oftener than is of use. */

import { expect, test } from 'vitest';

import type { diagnoseBackend } from '../../../../src/diagnosis/diagnose.ts';
import type { BackendDiagnosis } from '../../../../src/diagnosis/finding.ts';
import type { BackendSystem } from '../../../../src/system/system.ts';
import { Reachability } from '../../../../src/target/proxy/diagnostic/reachability.ts';
import { VirtualClock } from '../../../../src/time/virtual-clock.ts';

const backend = (name: string): BackendSystem => ({
  name,
  wire: 'ollama',
  urls: ['http://127.0.0.1:1'],
  residency: 'local',
  slots: 1,
  connectMs: 1000,
  firstTokenMs: 1000,
  stallMs: 1000,
});

/** Two backends: one that is seen at once, and one that takes eight seconds. */
const world = () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const diagnose: typeof diagnoseBackend = async ({ name }) => {
    seen.push(name);
    if (name === 'slow') await clock.sleep(8000);
    const diagnosis: BackendDiagnosis = {
      backend: name,
      kind: 'ollama',
      residency: 'local',
      isReachable: name !== 'slow',
      level: 'ok',
      addresses: [],
    };
    return diagnosis;
  };
  const system = { backends: [backend('quick'), backend('slow')], models: [] };
  return { clock, seen, reachability: new Reachability({ system, clock, diagnose }) };
};

test('nobody is asked before somebody looks', async () => {
  const { clock, seen } = world();
  await clock.advanceTo(60_000);
  expect(seen).toEqual([]);
});

test('the first look waits a moment; one that does not answer holds up nobody', async () => {
  const { clock, reachability } = world();
  const looks = await clock.runUntil(reachability.looks(), 10_000);
  expect(clock.now()).toBe(800);
  expect([...looks.keys()]).toEqual(['quick']);
});

test('however many look, a backend is asked once in five seconds, and never twice at a time', async () => {
  const { clock, seen, reachability } = world();
  for (let at = 0; at <= 20_000; at += 100) {
    await clock.advanceTo(at);
    void reachability.looks();
    void reachability.looks();
  }
  expect(seen.filter((name) => name === 'quick').length).toBe(5);
  expect(seen.filter((name) => name === 'slow').length).toBe(2);
});

test('after closing, nobody is asked any more', async () => {
  const { clock, seen, reachability } = world();
  reachability.close();
  await clock.runUntil(reachability.looks(), 10_000);
  expect(seen).toEqual([]);
});
