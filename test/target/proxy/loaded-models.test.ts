import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { LoadedModels } from '../../../src/target/proxy/loaded-models.ts';

describe('a model', () => {
  test('of the first list is taken to be ready', () => {
    const models = new LoadedModels();
    expect(models.has('m:1b')).toBeUndefined();
    models.tell(['m:1b'], 0);
    expect([models.has('m:1b'), models.has('other')]).toEqual([true, false]);
  });

  test('of the first list that was asked before, and has not answered, is being loaded', () => {
    const models = new LoadedModels();
    models.asked('m', 0);
    models.tell(['m:latest', 'other:1b'], 2000);
    expect([models.has('m'), models.has('other:1b')]).toEqual([false, true]);
    models.answered('m', 5000);
    expect(models.has('m')).toBe(true);
  });

  test('that was absent and is listed is being loaded, until it has answered', () => {
    const models = new LoadedModels();
    models.tell([], 0);
    models.tell(['m:latest'], 2000);
    models.tell(['m:latest'], 4000);
    expect(models.has('m')).toBe(false);
    models.answered('m', 5000);
    expect(models.has('m')).toBe(true);
    models.tell(['m:latest'], 6000);
    expect(models.has('m')).toBe(true);
  });

  test('that has answered since it was absent is ready when it is listed', () => {
    const models = new LoadedModels();
    models.tell([], 0);
    models.answered('m', 1000);
    models.tell(['m:latest'], 2000);
    expect(models.has('m')).toBe(true);
  });

  test('that spoke before it left memory is not brought back', () => {
    const models = new LoadedModels();
    models.tell(['m:latest'], 0);
    models.tell([], 2000);
    models.spoke('m', 1000);
    expect(models.has('m')).toBe(false);
    models.tell(['m:latest'], 4000);
    expect(models.has('m')).toBe(false);
  });

  test('is ready whenever it spoke after the last list, and never when that lacks it', () => {
    const step = fc.record({
      what: fc.constantFrom('listed', 'not listed', 'answered', 'spoke'),
      afterMs: fc.nat(5),
    });
    const isKept = fc.property(fc.array(step), (steps) => {
      const models = new LoadedModels();
      let now = 0;
      for (const { what, afterMs } of steps) {
        now += afterMs;
        if (what === 'listed') models.tell(['m:1b'], now);
        if (what === 'not listed') models.tell([], now);
        if (what === 'answered') models.answered('m:1b', now);
        if (what === 'spoke') models.spoke('m:1b', now);
        const isReady = models.has('m:1b');
        if (what === 'spoke' && isReady === false) return false;
        if (what === 'not listed' && isReady !== false) return false;
      }
      return true;
    });
    expect(() => fc.assert(isKept)).not.toThrow();
  });
});
