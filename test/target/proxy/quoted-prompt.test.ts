/** What a server quotes of a prompt is not shown to those who look at the server's state. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { withoutQuotes } from '../../../src/target/proxy/quoted-prompt.ts';
import { ProxyWorld, failure } from '../../kit/proxy-world.ts';

describe('an error', () => {
  test('keeps its own words, and loses those of the prompt', () => {
    const prompt = 'My password is hunter2, is that safe?';
    expect(withoutQuotes(`invalid input: '${prompt.slice(0, 29)}…'`, prompt)).toBe(
      "invalid input: '[…]…'",
    );
    const own = 'model requires more system memory (70 GiB) than is available';
    expect(withoutQuotes(own, prompt)).toBe(own);
  });

  test('holds no long run of the prompt, wherever it was quoted', () => {
    const text = fc.string({ maxLength: 80 });
    fc.assert(
      fc.property(
        text,
        fc.string({ minLength: 18, maxLength: 80 }),
        text,
        (before, prompt, after) => {
          const told = withoutQuotes(`${before}${prompt}${after}`, prompt);
          for (let at = 0; at + 18 <= prompt.length; at++)
            expect(told).not.toContain(prompt.slice(at, at + 18));
        },
      ),
    );
  });
});

test('the state of a backend does not tell what somebody asked', async () => {
  const quoting = failure('status', {
    status: 500,
    message: 'cannot parse "My password is hunter2"',
  });
  const world = new ProxyWorld({ spark: [() => [quoting], () => [quoting], () => [quoting]] });
  for (let at = 0; at < 3; at++) await world.ask({ input: 'My password is hunter2' });
  const health = JSON.stringify(world.proxy.health());
  expect(health).toContain('cannot parse');
  expect(health).not.toContain('hunter2');
});
