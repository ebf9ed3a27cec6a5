/**
 * A port at which connecting hangs, as before a host that is switched off.
 *
 *     SYN ──▶ queue of the listener: full, and nobody accepts ──▶ dropped by the kernel
 *
 * User space cannot drop a packet, but it can listen without accepting: a thread of its own opens
 * the port with the shortest queue there is and goes to sleep, and two connections fill the queue.
 * From then on Linux leaves every SYN unanswered, and the client sends it again after one second,
 * three, seven. When the port is opened in earnest, those that still try get through. Elsewhere
 * than on Linux a queue may be longer than asked for, and the first connections are accepted in
 * silence.
 */

import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Connections that fill a queue whose `backlog` is 1: Linux takes one more than asked. */
const fillers = 2;

/** Runs as a script of its own: it must sleep, and a thread that sleeps can do nothing else. */
const sleeper = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:net').createServer();
server.on('error', (error) => parentPort.postMessage(error.code));
server.listen({ ...workerData.address, backlog: 1 }, () => {
  parentPort.postMessage('listening');
  Atomics.wait(workerData.gate, 0, 0);
  process.exit();
});`;

export interface UnansweredPort {
  /** Gives the port back. */
  close(): Promise<void>;
}

/** Takes the port. Rejects when somebody else has it. */
export const openUnansweredPort = async (address: {
  readonly host: string;
  readonly port: number;
}): Promise<UnansweredPort> => {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(sleeper, { eval: true, workerData: { address, gate } });
  const said = await new Promise<unknown>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
  const filling: Socket[] = [];
  const close = async (): Promise<void> => {
    for (const socket of filling) socket.destroy();
    const gone = new Promise((resolve) => thread.once('exit', resolve));
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    if (said !== 'listening') void thread.terminate();
    await gone;
  };
  if (said !== 'listening') {
    await close();
    throw new Error(`port ${address.port} cannot be taken: ${String(said)}`);
  }
  for (let count = 0; count < fillers; count++) filling.push(await connected(address));
  return { close };
};

const connected = (address: { readonly host: string; readonly port: number }): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => resolve(socket));
    socket.on('error', () => resolve(socket));
  });
