/** How a backend may be reached, as its file and the environment say. */

import { describe, expect, test } from 'vitest';

import type { Environment } from '../../src/system/environment.ts';
import { parseSource } from '../../src/system/document.ts';
import { resolveSystem, withoutSecrets } from '../../src/system/resolve.ts';

const resolve = (backend: string, environment: Environment = {}) =>
  resolveSystem(
    parseSource(
      `backends: { b: { ${backend} } }\nmodels: { m: [{ backend: b, model: x }] }\n`,
      's.yaml',
    ),
    environment,
  );
const resolved = (backend: string, environment?: Environment) => {
  const { value, mistakes } = resolve(backend, environment);
  expect(mistakes).toEqual([]);
  return value?.backends[0];
};
const mistakes = (backend: string, environment?: Environment): readonly string[] =>
  resolve(backend, environment).mistakes.map(({ path, problem }) => `${path}: ${problem}`);

const azure = 'kind: azure-openai, url: https://x.openai.azure.com';
const proxy = 'http://proxy.example.com:3128';
const environment = { HTTPS_PROXY: proxy, HTTP_PROXY: proxy };

describe('the way out', () => {
  test('of a cloud is as the environment says', () => {
    expect(resolved(`${azure}, apiKey: k`, environment)?.egress).toEqual({
      'https://x.openai.azure.com': proxy,
    });
    const exempt = { ...environment, NO_PROXY: '.azure.com' };
    expect(resolved(`${azure}, apiKey: k`, exempt)?.egress).toBeUndefined();
  });

  test.each([
    ['kind: ollama, url: "http://spark:11434"'],
    ['kind: openai, url: "https://spark.tail1234.ts.net/v1", residency: local'],
    ['kind: openai, url: "http://127.0.0.1:8000/v1"'],
    [`${azure}, apiKey: k, proxy: none`],
    ['kind: azure-openai, url: simulated'],
  ])('of { %s } is direct', (backend) => {
    expect(resolved(backend, environment)?.egress).toBeUndefined();
  });

  test('may be set for a backend, also at home', () => {
    const backend = `kind: ollama, url: "http://spark:11434", proxy: "${proxy}"`;
    expect(resolved(backend)?.egress).toEqual({ 'http://spark:11434': proxy });
  });

  test('through what is no HTTP proxy is a mistake', () => {
    expect(mistakes(`${azure}, apiKey: k, proxy: proxy`)).toEqual([
      'backends.b.proxy: expected a proxy to be http:// or https://, found something else',
    ]);
    expect(mistakes(`${azure}, apiKey: k`, { ALL_PROXY: 'socks5://me:secret@p' })).toEqual([
      'backends.b.url: expected the proxy that the environment names to be http:// or https://, ' +
        'found socks5',
    ]);
  });

  test('is told without name and password', () => {
    const { value } = resolve(`${azure}, apiKey: k`, { HTTPS_PROXY: 'http://me:secret@p:1' });
    expect(value && JSON.stringify(withoutSecrets(value))).toMatch(/"http:\/\/p:1\/"/);
    expect(value && JSON.stringify(withoutSecrets(value))).not.toContain('secret');
  });
});

describe('certificates', () => {
  test('that are not there, or are none, are a mistake', () => {
    expect(mistakes(`${azure}, apiKey: k, caFile: nowhere.pem`)).toEqual([
      'backends.b.caFile: no such file: nowhere.pem',
    ]);
    expect(mistakes(`${azure}, apiKey: k, caFile: package.json`)).toEqual([
      'backends.b.caFile: expected certificates in PEM, found none in package.json',
    ]);
  });

  test('are named relative to the file', () => {
    const caFile = 'test/kit/certificate/authority.pem';
    expect(resolved(`${azure}, apiKey: k, caFile: ${caFile}`)?.caFile).toBe(caFile);
  });
});

describe('a key', () => {
  test.each([
    ['https://ollama.example.com'],
    ['https://spark.tail1234.ts.net'],
    ['http://8.8.8.8:11434'],
  ])('is wanted of an Ollama at %s', (url) => {
    expect(mistakes(`kind: ollama, url: "${url}"`)).toEqual([
      `backends.b.url: expected a key, since everybody can reach ${new URL(url).hostname}; found none`,
    ]);
    expect(mistakes(`kind: ollama, url: "${url}", allowKeyless: true`)).toEqual([]);
    expect(mistakes(`kind: ollama, url: "${url}", apiKey: k`)).toEqual([]);
  });

  test('is wanted at each address', () => {
    const urls = '["http://spark:11434", "https://spark.tail1234.ts.net"]';
    expect(mistakes(`kind: ollama, urls: ${urls}`)).toEqual([
      expect.stringMatching(/^backends\.b\.urls\[1\]: expected a key/),
    ]);
  });

  test('may be a token of Entra on Azure alone, and not beside a key', () => {
    expect(mistakes('kind: openai, url: "https://api.openai.com/v1", auth: entra')).toEqual([
      'backends.b.auth: expected an azure-openai backend, found openai',
    ]);
    expect(mistakes(`${azure}, auth: entra, apiKey: k`)).toEqual([
      'backends.b.auth: expected either `auth` or `apiKey`, found both',
    ]);
    expect(mistakes(`${azure}, auth: entra`, { AZURE_CLIENT_SECRET: 's' })).toEqual([
      'backends.b.auth: expected AZURE_TENANT_ID beside AZURE_CLIENT_SECRET, found nothing',
    ]);
  });

  test('of Entra is hidden, and its authority is asked through the proxy', () => {
    const { value } = resolve(`${azure}, auth: entra`, {
      ...environment,
      AZURE_TENANT_ID: 't',
      AZURE_CLIENT_ID: 'c',
      AZURE_CLIENT_SECRET: 'very-secret',
    });
    expect(value?.backends[0]?.entra).toMatchObject({ kind: 'client-secret', proxy });
    expect(value && JSON.stringify(withoutSecrets(value))).not.toContain('very-secret');
    const identity = { IDENTITY_ENDPOINT: 'http://127.0.0.1:41/msi', IDENTITY_HEADER: 'secret-h' };
    const app = resolve(`${azure}, auth: entra`, identity).value;
    expect(app && JSON.stringify(withoutSecrets(app))).not.toContain('secret-h');
  });
});

test.each([
  ['type: GlobalStandard, region: japaneast', 'may process outside Japan (japaneast only stores)'],
  ['type: GlobalStandard', 'may process outside its region'],
  ['type: GlobalStandard, region: westeurope', 'may process outside westeurope'],
  ['type: Standard, region: japaneast', undefined],
  ['type: DataZoneStandard, region: eastus', undefined],
])('a deployment of { %s } is remarked upon: %s', (deployment, words) => {
  const { remarks } = resolve(`${azure}, apiKey: k, deployment: { ${deployment} }`);
  expect(remarks.map(({ problem }) => problem)).toEqual(
    words === undefined ? [] : [`a GlobalStandard deployment ${words}`],
  );
});

describe('a version of Azure', () => {
  test.each([
    ['', undefined],
    ['apiVersion: preview', undefined],
    ['apiVersion: 2025-04-01-preview', undefined],
    ['apiVersion: 2024-10-21, api: chat', undefined],
    ['api: chat', undefined],
    ['apiVersion: 2024-10-21', /2025-03-01-preview or later for the Responses API/],
    ['apiVersion: 2024-02-01, api: chat', /2024-09-01-preview or later for chat/],
  ])('{ %s } has the API it is asked for, or is refused', (more, problem) => {
    const found = mistakes(`${azure}, apiKey: k${more && `, ${more}`}`);
    expect(found).toHaveLength(problem ? 1 : 0);
    expect(found.join('')).toMatch(problem ?? /^$/);
  });
});
