/** Who may break what is live, and what is said when nobody is. */

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { openLiveControl, tellLive } from '../../src/run/live-control.ts';
import { liveOrders } from '../../src/run/live-order.ts';
import { RunError } from '../../src/run/run-error.ts';
import { folderWith } from '../process/spillway.ts';

const handle = async (order: unknown): Promise<string> => {
  if (order === 'break') throw new RunError('it cannot be broken', 'Try another.');
  return `done: ${String(order)}`;
};

test('an order is carried out, and a refusal comes back with its hint', async () => {
  const folder = folderWith({});
  await using _ = await openLiveControl(folder, handle);
  expect(await tellLive(folder, 'mend')).toBe('done: mend');
  await expect(tellLive(folder, 'break')).rejects.toMatchObject({
    message: 'it cannot be broken',
    hint: 'Try another.',
  });
});

test('nobody else can read where it is, and without the token nothing is done', async () => {
  const folder = folderWith({});
  await using _ = await openLiveControl(folder, handle);
  const file = join(folder, '.spillway', 'live.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { port } = JSON.parse(readFileSync(file, 'utf8')) as { port: number };
  const told = await new Promise<string>((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('{"token":"guessed","order":"mend"}\n'),
    );
    socket.on('data', (bytes) => resolve(bytes.toString()));
  });
  expect(told).toContain('expected the token');
});

test('who is not there, or has gone, is told apart', async () => {
  const folder = folderWith({});
  await expect(tellLive(folder, 'mend')).rejects.toThrow('nobody is live in this folder');
  await (await openLiveControl(folder, handle))[Symbol.asyncDispose]();
  await expect(tellLive(folder, 'mend')).rejects.toThrow('nobody is live in this folder');
  const gone = folderWith({});
  mkdirSync(join(gone, '.spillway'));
  writeFileSync(join(gone, '.spillway', 'live.json'), '{"port":9,"token":"t"}');
  await expect(tellLive(gone, 'mend')).rejects.toThrow('has gone');
});

test('an order that cannot be carried out as said comes back as that, with what to say', async () => {
  const folder = folderWith({});
  const order = liveOrders(['spark'], () => Promise.resolve([]));
  await using _ = await openLiveControl(folder, order);
  await expect(
    tellLive(folder, { kind: 'arm', fault: { backend: 'spark', kind: 'rset' } }),
  ).rejects.toMatchObject({ name: 'OrderError', message: "no kind of fault is called 'rset'" });
  await expect(tellLive(folder, { kind: 'heal', backend: 'foo' })).rejects.toMatchObject({
    name: 'OrderError',
    hint: 'There is: spark.',
  });
});
