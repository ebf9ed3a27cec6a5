/** Which proxy the environment names, and where it exempts. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isProxyUrl, proxyNamed } from '../../src/system/egress.ts';

const proxy = 'http://proxy.example.com:3128';
const isExempt = (url: string, list: string): boolean =>
  proxyNamed(new URL(url), { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, NO_PROXY: list }) === undefined;

describe('the proxy', () => {
  test.each([
    ['https://a.example', { HTTPS_PROXY: proxy }, proxy],
    ['http://a.example', { HTTPS_PROXY: proxy }, undefined],
    ['http://a.example', { HTTP_PROXY: proxy }, proxy],
    ['https://a.example', { https_proxy: proxy, HTTPS_PROXY: 'http://other' }, proxy],
    ['https://a.example', { ALL_PROXY: proxy }, proxy],
    ['https://a.example', { HTTPS_PROXY: 'proxy.example.com:3128' }, proxy],
    ['https://a.example', { HTTPS_PROXY: ' ' }, undefined],
    ['https://a.example', {}, undefined],
  ])('for %s with %o is %s', (url, environment, expected) => {
    expect(proxyNamed(new URL(url), environment)).toBe(expected);
  });

  test('that cannot be asked to CONNECT is known as such', () => {
    expect(isProxyUrl('https://proxy.example.com')).toBe(true);
    expect(isProxyUrl('socks5://proxy.example.com:1080')).toBe(false);
    expect(isProxyUrl('proxy')).toBe(false);
  });
});

describe('NO_PROXY', () => {
  test.each([
    ['*', 'https://a.example', true],
    ['a.example', 'https://a.example', true],
    ['a.example', 'https://b.a.example', true],
    ['a.example', 'https://ba.example', false],
    ['.a.example', 'https://b.a.example', true],
    ['.a.example', 'https://a.example', true],
    ['*.a.example', 'https://b.a.example', true],
    ['A.Example.', 'https://a.example', true],
    ['a.example:443', 'https://a.example', true],
    ['a.example:8443', 'https://a.example', false],
    ['a.example:8443', 'https://a.example:8443', true],
    ['a.example:80', 'http://a.example', true],
    ['x, a.example y', 'https://a.example', true],
    ['10.1.2.3', 'http://10.1.2.3', true],
    ['10.1.2.3:81', 'http://10.1.2.3', false],
    ['2.3', 'http://10.1.2.3', false],
    ['10.0.0.0/8', 'http://10.1.2.3', true],
    ['10.0.0.0/8', 'http://11.1.2.3', false],
    ['10.0.0.0/99', 'http://10.1.2.3', false],
    ['10.0.0.0/', 'http://10.1.2.3', false],
    ['::1', 'http://[::1]:80', true],
    ['[::1]:80', 'http://[::1]:80', true],
    ['[::1]:81', 'http://[::1]:80', false],
    ['fd00::/8', 'http://[fd12::1]', true],
    ['', 'https://a.example', false],
  ])('%s: %s is exempt: %s', (list, url, expected) => {
    expect(isExempt(url, list)).toBe(expected);
  });

  test('whatever it says is read without a fault, and only adds', () => {
    fc.assert(
      fc.property(fc.string(), (list) => {
        const before = isExempt('https://a.example', list);
        const after = isExempt('https://a.example', `${list},b.example`);
        expect(after || !before).toBe(true);
      }),
    );
  });
});
