import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { priceOf } from '../../src/economics/price-table.ts';

describe('a price', () => {
  it('of gpt-oss-120b on Azure is that of the meter, without a price for cached input', () => {
    expect(priceOf({ model: 'gpt-oss-120b', provider: 'azure' })).toEqual({
      model: 'gpt-oss-120b',
      input: 0.15,
      output: 0.6,
      source: expect.stringContaining('Azure Retail Prices API'),
      asOf: '2026-09-17',
    });
  });

  it('is found under the dated name of a model', () => {
    const price = priceOf({ model: 'gpt-5-mini-2025-08-07', provider: 'azure' });
    expect(price).toMatchObject({
      model: 'gpt-5-mini',
      input: 0.25,
      cachedInput: 0.025,
      output: 2,
    });
  });

  it('is what the user says, before anything else', () => {
    const override = { input: 1, output: 2, asOf: '2026-11-01' };
    expect(priceOf({ model: 'gpt-5-mini', provider: 'azure', override })).toEqual({
      model: 'gpt-5-mini',
      input: 1,
      output: 2,
      source: 'own',
      asOf: '2026-11-01',
    });
    expect(priceOf({ model: 'house-model', provider: 'nobody', override })?.input).toBe(1);
  });

  it('comes from the package for a model our table lacks', () => {
    const price = priceOf({ model: 'gpt-5.4', provider: 'azure' });
    expect(price).toMatchObject({ input: 2.5, cachedInput: 0.25, output: 15 });
    expect(price?.source).toMatch(/genai-prices/);
  });

  it('of gpt-oss on Azure never comes from the package, which has it from elsewhere', () => {
    expect(priceOf({ model: 'gpt-oss-20b', provider: 'azure' })).toBeUndefined();
  });

  it('is a tenth more in a data zone, and unknown where it depends on the region', () => {
    const query = { model: 'gpt-4.1', provider: 'azure' };
    expect(priceOf({ ...query, deployment: 'DataZoneStandard' })?.input).toBeCloseTo(2.2, 9);
    expect(priceOf({ ...query, deployment: 'DataZoneStandard' })?.source).toMatch(/DataZone/);
    expect(priceOf({ ...query, deployment: 'Standard' })).toBeUndefined();
    expect(priceOf({ ...query, deployment: 'ProvisionedManaged' })).toBeUndefined();
  });

  it('that nobody knows is unknown, not free', () => {
    expect(priceOf({ model: 'my-deployment', provider: 'azure' })).toBeUndefined();
    expect(priceOf({ model: 'gpt-5-mini', provider: 'nobody' })).toBeUndefined();
  });

  it('follows the day it is asked for', () => {
    const query = { model: 'gpt-5.6-sol', provider: 'openai' };
    const before = priceOf({ ...query, at: Date.UTC(2026, 7, 1) });
    const after = priceOf({ ...query, at: Date.UTC(2026, 8, 1) });
    expect([before?.input, after?.input]).toEqual([5, 4]);
  });

  it('is positive, and cached input is no dearer than input', () => {
    const model = fc.constantFrom(
      'gpt-4o',
      'gpt-4.1-nano',
      'o3',
      'gpt-5',
      'gpt-5.4-nano',
      'gpt-5.5',
    );
    const deployment = fc.constantFrom('GlobalStandard', 'DataZoneStandard');
    fc.assert(
      fc.property(model, deployment, (model, deployment) => {
        const price = priceOf({ model, provider: 'azure', deployment });
        expect(price?.input).toBeGreaterThan(0);
        expect(price?.output).toBeGreaterThan(price?.input ?? 0);
        expect(price?.cachedInput).toBeLessThan(price?.input ?? 0);
      }),
    );
  });
});
