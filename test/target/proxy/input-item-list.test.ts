/** Pages of input items: put together they are the whole, in either order, of any size. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { itemPage } from '../../../src/target/proxy/input-item-list.ts';
import type { Item } from '../../../src/protocol/responses.ts';
import { message } from './stored-response.ts';

const items = (count: number): readonly Item[] =>
  Array.from({ length: count }, (_, at) => message(`msg_${at}`, 'user'));

const orders = fc.constantFrom('asc', 'desc');
const ids = (page: { readonly data: readonly Item[] }) => page.data.map(({ id }) => id);

test('pages after one another are the whole', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.integer({ min: 1, max: 100 }), orders, (count, limit, order) => {
      const all = items(count);
      const expected = (order === 'asc' ? all : all.toReversed()).map(({ id }) => id);
      const seen: unknown[] = [];
      for (let after: string | undefined; ;) {
        const page = itemPage(all, { limit: String(limit), order, ...(after && { after }) });
        expect(page.data.length).toBeLessThanOrEqual(limit);
        expect([page.first_id, page.last_id]).toEqual([
          page.data[0]?.id ?? null,
          page.data.at(-1)?.id ?? null,
        ]);
        seen.push(...ids(page));
        if (!page.has_more) break;
        after = page.last_id ?? '';
      }
      expect(seen).toEqual(expected);
    }),
  );
});

test('pages before one another are the whole as well', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 100 }),
      orders,
      (count, limit, order) => {
        const all = items(count);
        const expected = (order === 'asc' ? all : all.toReversed()).map(({ id }) => id);
        const last = expected.at(-1) ?? '';
        const seen: unknown[] = [last];
        for (let before = last; ;) {
          const page = itemPage(all, { limit: String(limit), order, before });
          seen.unshift(...ids(page));
          if (!page.has_more) break;
          before = page.first_id ?? '';
        }
        expect(seen).toEqual(expected);
      },
    ),
  );
});

test('what a client may leave out is spelt out', () => {
  const { data } = itemPage(
    [
      { type: 'message', id: 'msg_1', role: 'assistant', content: 'Hello.' },
      { type: 'message', id: 'msg_2', role: 'user', content: 'Hi.' },
      { type: 'function_call_output', id: 'fco_1', call_id: 'call_1', output: '{}' },
      { type: 'reasoning', id: 'rs_1', summary: [] },
    ],
    { order: 'asc' },
  );
  expect(data).toEqual([
    {
      type: 'message',
      id: 'msg_1',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Hello.', annotations: [] }],
    },
    {
      type: 'message',
      id: 'msg_2',
      status: 'completed',
      role: 'user',
      content: [{ type: 'input_text', text: 'Hi.' }],
    },
    {
      type: 'function_call_output',
      id: 'fco_1',
      status: 'completed',
      call_id: 'call_1',
      output: '{}',
    },
    { type: 'reasoning', id: 'rs_1', summary: [] },
  ]);
});

test('a part is told with all that strict clients insist on', () => {
  const image = { type: 'input_image', image_url: 'data:image/png;base64,AAAA' } as const;
  const { data } = itemPage(
    [
      {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Hello.' }],
      },
      { type: 'message', id: 'msg_2', role: 'user', content: [image, { ...image, detail: 'low' }] },
      { type: 'function_call_output', id: 'fco_1', call_id: 'call_1', output: [image] },
    ],
    { order: 'asc' },
  );
  expect(data).toMatchObject([
    { content: [{ annotations: [] }] },
    { content: [{ detail: 'auto' }, { detail: 'low' }] },
    { output: [{ detail: 'auto' }] },
  ]);
});
