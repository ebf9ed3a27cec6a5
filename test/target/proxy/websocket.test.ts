/** WebSocket on real sockets of the loopback: handshakes, garbage, many at once, and endings. */

import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';

import { describe, expect, test } from 'vitest';

import { parseJson } from '../../../src/target/proxy/json.ts';
import { WebSocketDoor } from '../../../src/target/proxy/websocket.ts';
import { ProxyWorld } from '../../kit/proxy-world.ts';
import {
  clock,
  type Model,
  servedProxy,
  type ServedProxy,
  SocketClient,
  socketUrl,
} from '../../kit/served-proxy.ts';
import { portOf } from './scripted-server.ts';

const brief: Model = () => ({ text: 'p1 p2' });
const slow: Model = () => ({ text: 'p1 p2 p3 p4 p5 p6 p7 p8', gapMs: 100 });

const connect = (at: ServedProxy, headers: Readonly<Record<string, string>> = {}) =>
  new SocketClient(socketUrl(at), { headers });

/** What an HTTP client sees that asks for a socket and is not given one. */
const refused = async (url: string, headers: Readonly<Record<string, string>> = {}) => {
  const client = new SocketClient(url, { headers });
  const [, response] = await once(client.socket, 'unexpected-response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const body = parseJson(Buffer.concat(chunks).toString());
  return { status: Number(response.statusCode), headers: response.headers, body };
};

describe('the handshake', () => {
  const keys = [{ name: 'miner', key: 'key-of-miner', residency: 'local-first' }] as const;

  test('is held to the same keys as HTTP', async () => {
    await using at = await servedProxy(brief, { keys });
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
      const { status, body, headers: told } = await refused(socketUrl(at), headers);
      expect(status).toBe(401);
      expect(body).toMatchObject({ error: { code: 'invalid_api_key' } });
      expect(told['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/);
    }
    await using client = connect(at, { authorization: 'Bearer key-of-miner' });
    expect((await (await client.opened()).ask()).stream.text).toBe('p1 p2');
  });

  test('takes the headers of OpenAI’s clients and of Codex', async () => {
    await using at = await servedProxy(brief);
    await using client = connect(at, {
      'OpenAI-Beta': 'responses_websockets=2026-02-06',
      'session-id': 's',
      originator: 'codex_exec',
      authorization: 'Bearer anything',
    });
    const [response] = await once(client.socket, 'upgrade');
    expect(response.headers['x-request-id']).toMatch(/^req_/);
    expect(response.headers['sec-websocket-extensions']).toMatch(/permessage-deflate/);
    await client.opened();
    expect((await client.ask()).stream.resource.status).toBe('completed');
  });

  test('without packing works as well', async () => {
    await using at = await servedProxy(brief);
    await using client = new SocketClient(socketUrl(at), { perMessageDeflate: false });
    await client.opened();
    expect((await client.ask()).stream.text).toBe('p1 p2');
  });

  test('from a web page of another host is refused while there are no keys', async () => {
    await using open = await servedProxy(brief);
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1.evil.example'])
      expect((await refused(socketUrl(open), { origin })).status).toBe(403);
    await using here = connect(open, { origin: 'http://localhost:3000' });
    await here.opened();
    await using keyed = await servedProxy(brief, { keys });
    const headers = { origin: 'https://app.example', authorization: 'Bearer key-of-miner' };
    await using there = connect(keyed, headers);
    await there.opened();
  });

  test('elsewhere, or for another protocol, is answered over HTTP', async () => {
    await using at = await servedProxy(brief);
    const origin = at.origin.replace('http', 'ws');
    expect((await refused(`${origin}/v1/responses/resp_x/cancel`)).status).toBe(426);
    expect((await refused(`${origin}/nowhere`)).status).toBe(404);
    const client = net.connect(at.proxy.port, '127.0.0.1');
    client.write(
      'GET /v1/models HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n',
    );
    expect(String((await once(client, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    client.destroy();
  });

  test('that is none is told so', async () => {
    await using at = await servedProxy(brief);
    const client = net.connect(at.proxy.port, '127.0.0.1');
    client.write(
      'GET /v1/responses HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
    );
    const answer = String((await once(client, 'data'))[0]);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('invalid_request_error');
    client.destroy();
  });
});

describe('an open socket', () => {
  test('carries turn after turn', async () => {
    await using at = await servedProxy((talk) => ({ text: `heard ${talk.length}` }));
    await using client = await connect(at).opened();
    let id: string | undefined;
    for (let turn = 0; turn < 5; turn++) {
      const { stream } = await client.ask({ store: false, previous_response_id: id ?? null });
      expect(stream.text).toBe(`heard ${2 * turn + 1}`);
      id = stream.resource.id;
    }
  });

  test('answers what is no text, or no JSON, with an error', async () => {
    await using at = await servedProxy(brief);
    await using client = await connect(at).opened();
    client.socket.send(Buffer.from([0, 1, 2, 254, 255]));
    client.socket.send('{"type":');
    expect((await client.answer(1)).error).toMatchObject({ status: 400 });
    expect((await client.ask()).stream.text).toBe('p1 p2');
  });

  test.each([
    ['bytes that are no frame', Buffer.from([0xff, 0xff, 0xff, 0xff]), 1002],
    ['text that is no UTF-8', Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]), 1007],
    ['a frame that was not masked', Buffer.from([0x81, 0x01, 0x41]), 1002],
    [
      'a message beyond the bound',
      Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]),
      1009,
    ],
  ])('is closed after %s, and the proxy goes on', async (_what, bytes, code) => {
    await using at = await servedProxy(brief);
    await using client = await connect(at).opened();
    const { _socket: raw } = client.socket as unknown as { readonly _socket: net.Socket };
    raw.write(bytes);
    expect((await client.untilClosed()).code).toBe(code);
    await using next = await connect(at).opened();
    expect((await next.ask()).stream.text).toBe('p1 p2');
  });

  test('whose client leaves in the middle leaves nothing behind', async () => {
    await using at = await servedProxy(slow);
    const client = await connect(at).opened();
    client.create();
    while (!client.texts.some((text) => text.includes('output_text.delta'))) await clock.sleep(10);
    await client[Symbol.asyncDispose]();
    while (at.proxy.load().inFlight > 0) await clock.sleep(10);
    expect(at.proxy.load().inFlight).toBe(0);
  });

  test('that is not read stops the backend from being read', async () => {
    const long = `${'x'.repeat(32 * 1024)} `.repeat(240);
    await using at = await servedProxy(() => ({ text: long }));
    // Packed, so much of the same would be next to nothing.
    await using client = new SocketClient(socketUrl(at), { perMessageDeflate: false });
    await client.opened();
    client.socket.pause();
    client.create();
    await clock.sleep(1000);
    expect(at.proxy.load().inFlight).toBe(1);
    client.socket.resume();
    while (!client.texts.at(-1)?.startsWith('{"type":"response.completed"')) await clock.sleep(20);
    const deltas = client.texts.filter((text) => text.includes('output_text.delta'));
    expect(deltas.length).toBe(240);
  });

  test('of two thousand idle ones costs little, and one among them is served', async () => {
    await using at = await servedProxy(brief);
    const before = process.memoryUsage().rss;
    const idle: SocketClient[] = [];
    for (let batch = 0; batch < 20; batch++)
      idle.push(...(await Promise.all(Array.from({ length: 100 }, () => connect(at).opened()))));
    expect((await idle[1234]?.ask())?.stream.text).toBe('p1 p2');
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20);
    await at.proxy.close();
    const codes = await Promise.all(idle.map((client) => client.untilClosed()));
    expect(new Set(codes.map(({ code }) => code))).toEqual(new Set([1001]));
  }, 60_000);
});

test('a client that does not answer pings is dropped, one that does is kept', async () => {
  const world = new ProxyWorld();
  const door = new WebSocketDoor({
    clock: world.clock,
    proxy: world.proxy,
    store: world.store,
    isOpen: () => true,
    requestId: () => 'req_x',
    callerOf: (_headers, requestId) => ({
      name: 'anonymous',
      residency: 'local-first',
      trace: '1'.repeat(32),
      requestId,
    }),
    log: () => undefined,
    track: () => undefined,
  });
  const server = http.createServer().on('upgrade', (asked, stream, head) => {
    door.upgrade(asked, stream, head);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${portOf(server)}/v1/responses`;
  await using deaf = await new SocketClient(url, { autoPong: false }).opened();
  await using live = await new SocketClient(url).opened();
  for (let minute = 0; minute < 5; minute++) {
    const pinged = once(live.socket, 'ping');
    await world.clock.advanceTo(world.clock.now() + 25_000);
    await pinged;
    // The pong is on its way.
    await clock.sleep(50);
  }
  expect((await deaf.untilClosed()).code).toBe(1006);
  expect(live.closed).toBeUndefined();
  door.close();
  server.close();
});

describe('after a reconnect', () => {
  test('stored responses go on, others are not found', async () => {
    await using at = await servedProxy((talk) => ({ text: `heard ${talk.length}` }));
    const first = await connect(at).opened();
    const stored = (await first.ask()).stream.resource.id;
    const unstored = (await first.ask({ store: false })).stream.resource.id;
    await first[Symbol.asyncDispose]();
    await using second = await connect(at).opened();
    const lost = await second.ask({ previous_response_id: unstored });
    expect(lost.error).toMatchObject({
      status: 400,
      error: { code: 'previous_response_not_found', param: 'previous_response_id' },
    });
    const found = await second.ask({ previous_response_id: stored });
    expect(found.stream.text).toBe('heard 3');
  });
});

describe('closing the proxy', () => {
  test('lets a running response end, then closes its socket', async () => {
    await using at = await servedProxy(slow);
    await using busy = await connect(at).opened();
    await using idle = await connect(at).opened();
    busy.create();
    await clock.sleep(150);
    const closed = at.proxy.close();
    expect((await idle.untilClosed()).code).toBe(1001);
    expect((await busy.answer(0)).stream.resource.status).toBe('completed');
    expect((await busy.untilClosed()).code).toBe(1001);
    await closed;
  });

  test('does not wait long for one that does not say goodbye', async () => {
    await using at = await servedProxy(brief);
    await using mute = await connect(at).opened();
    mute.socket.pause();
    const closingAt = clock.now();
    await at.proxy.close();
    expect(clock.now() - closingAt).toBeLessThan(1900);
  });

  test('fails one that does not end in time, and says so', async () => {
    const endless: Model = () => ({ text: 'p '.repeat(1000), gapMs: 50 });
    await using at = await servedProxy(endless, { drainMs: 300 });
    await using busy = await connect(at).opened();
    busy.create();
    await clock.sleep(150);
    await at.proxy.close();
    const { stream } = await busy.answer(0);
    expect(stream.resource).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    expect((await busy.untilClosed()).code).toBe(1001);
  });
});
