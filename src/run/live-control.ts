/**
 * The control of a hybrid that is live: where `spillway fault` is heard while `serve --live` or
 * `run --live` goes on.
 *
 *     .spillway/live.json { port, token }  ◀─ written, readable by its owner alone ─ serve --live
 *                 └────── read ──▶ spillway fault ══ one line each way ══▶ 127.0.0.1:port
 *
 * The token keeps others on the same machine out, and pages in a browser, which can reach the
 * loopback as well.
 */

import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { entropyIds } from '../random/id.ts';
import { asError, type PlainError, plainError } from './plain-error.ts';
import { RunError } from './run-error.ts';

/** Carries an order out, and says what came of it. */
export type LiveHandler = (order: unknown) => Promise<string>;

interface Address {
  readonly port: number;
  readonly token: string;
}

type Told = { readonly answer: string } | { readonly error: PlainError };

/** A line longer than this is no order. */
const lineCharsMax = 100_000;

const fileIn = (folder: string): string => join(folder, '.spillway', 'live.json');

/** Listens for orders of whoever can read the file in this folder. */
export const openLiveControl = async (
  folder: string,
  handle: LiveHandler,
): Promise<AsyncDisposable> => {
  const token = entropyIds() + entropyIds();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    let length = 0;
    socket.on('data', (bytes) => {
      length += bytes.length;
      if (length > lineCharsMax) socket.destroy();
    });
    const lines = createInterface(socket);
    // It hands on what goes wrong with its socket.
    lines.on('error', () => undefined);
    lines.once('line', (line) => {
      void replyTo(line, token, handle).then((told) => socket.end(`${JSON.stringify(told)}\n`));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  writeAddress(fileIn(folder), { port, token });
  return {
    [Symbol.asyncDispose]: async () => {
      // Somebody who came after us may have written his own.
      if (readAddress(fileIn(folder))?.token === token) rmSync(fileIn(folder), { force: true });
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
};

const replyTo = async (line: string, token: string, handle: LiveHandler): Promise<Told> => {
  try {
    const said = fieldsOf(line);
    if (said['token'] !== token)
      return { error: { name: 'RunError', message: 'expected the token of this run' } };
    return { answer: await handle(said['order']) };
  } catch (error) {
    // Where in our code it happened is nothing to who is connected.
    const { stack: _, ...told } = plainError(error);
    return { error: told };
  }
};

const writeAddress = (file: string, address: Address): void => {
  try {
    mkdirSync(join(file, '..'), { recursive: true });
    rmSync(file, { force: true });
    writeFileSync(file, JSON.stringify(address), { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (cause) {
    const hint = 'Start it in a folder you may write to.';
    throw new RunError(`${file} cannot be written`, hint, { cause });
  }
};

const readAddress = (file: string): Address | undefined => {
  try {
    const { port, token } = fieldsOf(readFileSync(file, 'utf8'));
    return typeof port === 'number' && typeof token === 'string' ? { port, token } : undefined;
  } catch {
    return undefined;
  }
};

/** Gives an order to whoever is live in this folder. Rejects when nobody is, or he refuses. */
export const tellLive = async (folder: string, order: unknown): Promise<string> => {
  const address = readAddress(fileIn(folder));
  if (!address) throw nobodyLive('nobody is live in this folder');
  const told = await new Promise<Told>((resolve, reject) => {
    const gone = (): void => reject(nobodyLive('whoever was live in this folder has gone'));
    const socket = connect(address.port, '127.0.0.1');
    socket.on('error', gone).on('close', gone);
    const lines = createInterface(socket);
    lines.on('error', gone);
    lines.once('line', (line) => {
      resolve(toldOf(line));
      socket.destroy();
    });
    socket.write(`${JSON.stringify({ token: address.token, order })}\n`);
  });
  if ('error' in told) throw asError(told.error);
  return told.answer;
};

const toldOf = (line: string): Told => {
  const { answer, error } = fieldsOf(line);
  if (typeof error !== 'object' || error === null) return { answer: String(answer) };
  const { name, message, hint } = { name: '', message: 'refused', hint: undefined, ...error };
  const told = { name: name === 'OrderError' ? name : 'RunError', message };
  return { error: hint === undefined ? told : { ...told, hint: String(hint) } };
};

const fieldsOf = (json: string): Readonly<Record<string, unknown>> => {
  const read: unknown = JSON.parse(json);
  return typeof read === 'object' && read !== null ? { ...read } : {};
};

const nobodyLive = (problem: string): RunError =>
  new RunError(
    problem,
    'Start `spillway serve --live` or `spillway run --live SCENARIO` here, or go where it runs.',
  );
