/** What the address of a server tells of where it is. */

import { expect, test } from 'vitest';

import { isOwnHost, reachOf } from '../../src/system/host.ts';

test.each([
  ['http://localhost:11434', 'loopback'],
  ['http://ollama.localhost', 'loopback'],
  ['http://127.9.9.9', 'loopback'],
  ['http://2130706433', 'loopback'],
  ['http://0.0.0.0:11434', 'loopback'],
  ['http://[::]', 'loopback'],
  ['http://[::1]', 'loopback'],
  ['http://[::ffff:127.0.0.1]', 'loopback'],
  ['http://spark:11434', 'private'],
  ['http://spark.local', 'private'],
  ['http://host.docker.internal', 'private'],
  ['http://10.0.0.1', 'private'],
  ['http://172.31.0.1', 'private'],
  ['http://172.32.0.1', 'public'],
  ['http://192.168.1.1', 'private'],
  ['http://169.254.10.1', 'private'],
  ['http://100.64.0.1', 'private'],
  ['http://100.127.255.255', 'private'],
  ['http://100.128.0.1', 'public'],
  ['http://[fe80::1]', 'private'],
  ['http://[fd7a:115c:a1e0::1]', 'private'],
  ['http://[::ffff:10.0.0.1]', 'private'],
  ['http://[2001:db8::1]', 'public'],
  ['http://8.8.8.8', 'public'],
  ['https://ollama.example.com', 'public'],
  ['http://spark.tail1234.ts.net:11434', 'private'],
  ['https://spark.tail1234.ts.net:11434', 'private'],
  ['https://spark.tail1234.ts.net', 'public'],
  ['https://spark.tail1234.ts.net:8443', 'public'],
  ['https://spark.tail1234.ts.net.', 'public'],
  ['https://ts.net.example.com', 'public'],
])('%s is %s', (url, reach) => {
  expect(reachOf(new URL(url))).toBe(reach);
});

test("what is sent to a tailnet's node stays with its owner, also over Funnel", () => {
  expect(isOwnHost(new URL('https://spark.tail1234.ts.net'))).toBe(true);
  expect(isOwnHost(new URL('http://spark:11434'))).toBe(true);
  expect(isOwnHost(new URL('https://ollama.example.com'))).toBe(false);
});
