/** SIGHUP, as the command line answers it. */

import { describe, expect, test } from 'vitest';

import { type ReloadOptions, reload } from '../../src/cli/reload.ts';
import { parseSource } from '../../src/system/document.ts';
import { FileError } from '../../src/system/mistake.ts';
import { resolveSystem } from '../../src/system/resolve.ts';
import type { System } from '../../src/system/system.ts';

const text = `listen: 127.0.0.1:4000
backends: { azure: { kind: azure-openai, url: https://x.openai.azure.com, apiKey: k,
  deployment: { type: GlobalStandard, region: japaneast } } }
models: { m: [{ backend: azure, model: x }] }
`;

const load = (from: string) => () => {
  const { value, mistakes, remarks } = resolveSystem(parseSource(from, 's.yaml'), {});
  if (!value) throw new FileError(mistakes);
  return { system: value, remarks };
};

const told = (options: Partial<ReloadOptions>) => {
  const lines: string[] = [];
  const levels = new Set<string>();
  const adopted: System[] = [];
  reload({
    hybrid: {
      reload: (system) => {
        adopted.push(system);
        return [];
      },
    },
    load: load(text),
    override: (system) => system,
    tell: (line, level) => {
      lines.push(line);
      levels.add(level ?? 'info');
    },
    ...options,
  });
  return { lines, adopted, levels };
};

describe('a file read again', () => {
  test('is adopted, with what the command line says in its place and what there is to know', () => {
    const { lines, adopted } = told({
      override: (system) => ({ ...system, listen: { ...system.listen, port: 8080 } }),
    });
    expect(adopted[0]?.listen.port).toBe(8080);
    expect(lines).toEqual([
      'reloaded; running answers end as they began',
      '1 remark:',
      expect.stringContaining('may process outside Japan'),
    ]);
  });

  test('that wants a restart says for what', () => {
    const { lines } = told({ hybrid: { reload: () => ['listen', 'state'] } });
    expect(lines).toContain('`listen` has changed: only a restart brings that about');
    expect(lines).toContain('`state` has changed: only a restart brings that about');
  });

  test('with a mistake changes nothing, and says which', () => {
    const { lines, adopted, levels } = told({
      load: load(text.replace('azure-openai', 'azure')),
    });
    expect([...levels]).toEqual(['error']);
    expect(adopted).toEqual([]);
    expect(lines[0]).toMatch(/^error: s\.yaml:2:28 {2}backends\.azure\.kind: expected one of/);
    expect(lines.at(-1)).toBe('nothing was reloaded: the proxy goes on as before');
  });
});
