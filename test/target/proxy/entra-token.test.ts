/** Tokens of Microsoft Entra, from an identity server on the loopback. */

import { describe, expect, test } from 'vitest';

import { type EntraSource, entraSource } from '../../../src/system/entra.ts';
import { EntraError, EntraToken } from '../../../src/target/proxy/entra-token.ts';
import { responsesUpstream } from '../../../src/target/proxy/responses-upstream.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import {
  backend,
  call,
  collect,
  head,
  never,
  type Script,
  type ScriptedServer,
  scriptedServer,
  status,
} from './scripted-server.ts';

const real = systemClock();

/** The machine's clock, set forward by hand. */
const settable = () => {
  let ahead = 0;
  const clock: Clock = {
    now: () => real.now() + ahead,
    wall: () => real.wall() + ahead,
    at: (instant, run) => real.at(instant - ahead, run),
    sleep: (ms, signal) => real.sleep(ms, signal),
  };
  return { clock, skip: (ms: number) => void (ahead += ms) };
};

const secret = 'client-secret-0123456789';

const sources = (url: string): Readonly<Record<EntraSource['kind'], EntraSource>> => ({
  'client-secret': {
    kind: 'client-secret',
    authority: url,
    tenantId: 'tenant',
    clientId: 'client',
    clientSecret: secret,
  },
  'app-service': { kind: 'app-service', endpoint: `${url}/msi/token`, header: 'header-secret' },
  'virtual-machine': { kind: 'virtual-machine', endpoint: url, clientId: 'chosen' },
});

/** A token that lasts an hour, told in each of the ways they are told. */
const granted = (count: number): Readonly<Record<EntraSource['kind'], object>> => ({
  'client-secret': { access_token: `token-${count}`, expires_in: 3599, token_type: 'Bearer' },
  'app-service': {
    access_token: `token-${count}`,
    expires_on: String(Math.floor(real.wall() / 1000) + 3599),
  },
  'virtual-machine': { access_token: `token-${count}`, expires_in: '3599', expires_on: '1' },
});

interface World extends AsyncDisposable {
  readonly server: ScriptedServer;
  readonly token: EntraToken;
  readonly skip: (ms: number) => void;
}

const world = async (kind: EntraSource['kind'], script?: Script): Promise<World> => {
  const { clock, skip } = settable();
  const server = await scriptedServer(
    script ??
      ((socket, _request, count) =>
        void socket.write(status(200, JSON.stringify(granted(count)[kind])))),
  );
  const token = new EntraToken({ source: sources(server.url)[kind], clock });
  return {
    server,
    token,
    skip,
    async [Symbol.asyncDispose]() {
      await token.close();
      await server[Symbol.asyncDispose]();
    },
  };
};

describe('the question', () => {
  test('to the authority carries the secret in its body', async () => {
    await using at = await world('client-secret');
    expect(await at.token.get()).toBe('token-1');
    const [request = ''] = at.server.requests;
    expect(request).toMatch(/^POST \/tenant\/oauth2\/v2\.0\/token HTTP/);
    expect(Object.fromEntries(new URLSearchParams(request.split('\r\n\r\n')[1]))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'client',
      client_secret: secret,
      scope: 'https://cognitiveservices.azure.com/.default',
    });
  });

  test("to a web app's identity carries its header", async () => {
    await using at = await world('app-service');
    expect(await at.token.get()).toBe('token-1');
    const [request = ''] = at.server.requests;
    expect(request).toContain(
      'GET /msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fcognitiveservices.azure.com HTTP',
    );
    expect(request).toMatch(/\r\nx-identity-header: header-secret\r\n/i);
  });

  test("to a machine's identity says that it is no forgery", async () => {
    await using at = await world('virtual-machine');
    expect(await at.token.get()).toBe('token-1');
    const [request = ''] = at.server.requests;
    expect(request).toMatch(/^GET \/metadata\/identity\/oauth2\/token\?api-version=2018-02-01&/);
    expect(request).toContain('client_id=chosen');
    expect(request).toMatch(/\r\nmetadata: true\r\n/i);
  });
});

describe('a token', () => {
  test.each(['client-secret', 'app-service', 'virtual-machine'] as const)(
    'of %s is asked for once, by however many at once, until five minutes before its end',
    async (kind) => {
      await using at = await world(kind);
      const all = await Promise.all(Array.from({ length: 20 }, () => at.token.get()));
      expect(new Set(all)).toEqual(new Set(['token-1']));
      at.skip(3_290_000);
      expect(await at.token.get()).toBe('token-1');
      expect(at.server.requests).toHaveLength(1);
    },
  );

  test('that ages is used while the next is asked for', async () => {
    await using at = await world('client-secret');
    await at.token.get();
    at.skip(3_400_000);
    expect(await at.token.get()).toBe('token-1');
    await expect.poll(() => at.token.get()).toBe('token-2');
    expect(at.server.requests).toHaveLength(2);
  });

  test('that ages is used to its end when there is no next', async () => {
    await using at = await world('client-secret', (socket, _request, count) => {
      const body = JSON.stringify(granted(count)['client-secret']);
      socket.write(count === 1 ? status(200, body) : status(503, '{}'));
    });
    await at.token.get();
    at.skip(3_400_000);
    expect(await at.token.get()).toBe('token-1');
    at.skip(200_000);
    await expect(at.token.get()).rejects.toThrow(EntraError);
  });

  test('that was refused is not used again', async () => {
    await using at = await world('client-secret');
    at.token.forget(await at.token.get());
    expect(await at.token.get()).toBe('token-2');
  });
});

describe('no token', () => {
  test('is told without the secret', async () => {
    const description = `AADSTS7000215: Invalid client secret ${secret}. Trace ID: 1234`;
    await using at = await world('client-secret', (socket) => {
      const body = { error: 'invalid_client', error_description: description };
      socket.write(status(401, JSON.stringify(body)));
    });
    const error = await at.token.get().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EntraError);
    expect(String(error)).toContain('401, AADSTS7000215: Invalid client secret [removed].');
    expect(String(error)).not.toContain('1234');
  });

  test('from silence is known in time, and the next request asks again', async () => {
    let fires: (() => void) | undefined;
    const clock: Clock = {
      now: () => 0,
      wall: () => 0,
      at: (instant, run) => {
        if (instant === 5000) fires = run;
        return { [Symbol.dispose]: () => undefined };
      },
      sleep: () => new Promise(() => undefined),
    };
    await using server = await scriptedServer(() => fires?.());
    const token = new EntraToken({ source: sources(server.url)['client-secret'], clock });
    await expect(token.get()).rejects.toThrow('took longer than 5000 ms');
    await expect(token.get()).rejects.toThrow('took longer than 5000 ms');
    expect(server.requests).toHaveLength(2);
    await token.close();
  });
});

const events = `event: response.completed\ndata: ${JSON.stringify({
  type: 'response.completed',
  response: { status: 'completed', usage: { input_tokens: 1, output_tokens: 1 } },
})}\n\n`;

describe('a backend with tokens', () => {
  const ask = async (identity: Script, azure: Script) => {
    await using identityServer = await scriptedServer(identity);
    await using azureServer = await scriptedServer(azure);
    const { apiKey: _, ...keyless } = backend('azure-openai', [azureServer.url]);
    const upstream = responsesUpstream(
      { ...keyless, entra: sources(identityServer.url)['client-secret'] },
      { clock: real },
    );
    const first = (await collect(upstream.open(call(), never()))).at(-1);
    const second = (await collect(upstream.open(call(), never()))).at(-1);
    await upstream.close();
    return { first, second, azure: azureServer.requests, identity: identityServer.requests };
  };
  const grants: Script = (socket, _request, count) =>
    void socket.write(status(200, JSON.stringify(granted(count)['client-secret'])));

  test('sends them in place of a key', async () => {
    const { first, azure, identity } = await ask(grants, (socket) => {
      socket.write(head('text/event-stream', `content-length: ${events.length}`) + events);
    });
    expect(first).toMatchObject({ kind: 'end' });
    expect(identity).toHaveLength(1);
    for (const request of azure) {
      expect(request).toMatch(/\r\nauthorization: Bearer token-1\r\n/i);
      expect(request).not.toMatch(/\r\napi-key:/i);
    }
  });

  test('asks for another after a 401', async () => {
    const { identity, azure } = await ask(grants, (socket) => {
      socket.write(status(401, '{"error":{"message":"expired"}}'));
    });
    expect(identity).toHaveLength(2);
    expect(azure[1]).toMatch(/\r\nauthorization: Bearer token-2\r\n/i);
  });

  test('fails over as if it had been refused when there is none', async () => {
    const { first, azure } = await ask(
      (socket) => void socket.write(status(400, '{"error":"unauthorized_client"}')),
      () => undefined,
    );
    expect(first).toMatchObject({
      kind: 'failure',
      failure: { reason: 'status', evidence: 'hard', status: 401 },
    });
    expect(azure).toEqual([]);
  });
});

describe('the source', () => {
  const identity = { IDENTITY_ENDPOINT: 'http://127.0.0.1:41/msi', IDENTITY_HEADER: 'h' };
  const app = { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c' };

  test.each([
    ['a secret set on purpose', { ...identity, ...app, AZURE_CLIENT_SECRET: 's' }, 'client-secret'],
    ["a web app's identity", identity, 'app-service'],
    ["a machine's identity", {}, 'virtual-machine'],
  ])('is %s', (_what, environment, kind) => {
    expect(entraSource(environment).source?.kind).toBe(kind);
  });

  test('of which half is missing is a mistake', () => {
    expect(entraSource({ AZURE_CLIENT_SECRET: 's', AZURE_CLIENT_ID: 'c' }).problem).toBe(
      'expected AZURE_TENANT_ID beside AZURE_CLIENT_SECRET, found nothing',
    );
  });
});
