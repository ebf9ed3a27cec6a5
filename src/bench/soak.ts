/**
 * Whether memory stays flat: a hundred thousand requests that leave no state behind, through one
 * proxy. The figure is of the whole process, load and all.
 */

import autocannon from 'autocannon';

import type { BenchArm } from './arm.ts';

export interface SoakRow {
  readonly requests: number;
  /** Resident memory after the first fifth, and at the end. */
  readonly rssMbAtFifth: number;
  readonly rssMbAtEnd: number;
  readonly failed: number;
}

const body = JSON.stringify({ model: 'null', input: 'Hello', stream: false, store: false });

export const measureSoak = async (arm: BenchArm, requests: number): Promise<SoakRow> => {
  const fire = (amount: number): Promise<autocannon.Result> =>
    autocannon({
      url: `${arm.url}/v1/responses`,
      connections: 32,
      amount,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  const first = await fire(Math.ceil(requests / 5));
  const rssMbAtFifth = rssMb();
  const rest = await fire(requests - Math.ceil(requests / 5));
  return {
    requests,
    rssMbAtFifth,
    rssMbAtEnd: rssMb(),
    failed: first.errors + first.non2xx + rest.errors + rest.non2xx,
  };
};

const rssMb = (): number => process.memoryUsage.rss() / 2 ** 20;
