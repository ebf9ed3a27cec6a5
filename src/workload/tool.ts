/**
 * The tools an agent is offered, and what they answer.
 *
 * The answers are canned: a load test asks how long things take, not whether the records exist.
 */

import type { FunctionTool } from '../protocol/responses.ts';
import type { Language } from '../token/prose.ts';

/** Business tools every turn of an agent may call. */
export const officeTools: readonly FunctionTool[] = [
  {
    type: 'function',
    name: 'search_documents',
    description: 'Searches internal documents and returns titles, owners and excerpts.',
    strict: true,
    parameters: {
      type: 'object',
      properties: {
        query: { type: 'string', description: 'Words to search for' },
        department: {
          type: 'string',
          enum: ['all', 'sales', 'production', 'quality', 'maintenance', 'purchasing'],
        },
        limit: { type: 'integer', minimum: 1, maximum: 10 },
      },
      required: ['query', 'department', 'limit'],
      additionalProperties: false,
    },
  },
  {
    type: 'function',
    name: 'get_record',
    description: 'Returns one record by its number: an order, an inspection or an incident.',
    strict: true,
    parameters: {
      type: 'object',
      properties: {
        kind: { type: 'string', enum: ['order', 'inspection', 'incident'] },
        number: { type: 'string', description: 'Such as IR-2026-011' },
      },
      required: ['kind', 'number'],
      additionalProperties: false,
    },
  },
  {
    type: 'function',
    name: 'list_open_tasks',
    description: 'Lists open tasks of a department that are due until a date.',
    strict: true,
    parameters: {
      type: 'object',
      properties: {
        department: { type: 'string' },
        dueUntil: { type: 'string', description: 'ISO date' },
      },
      required: ['department', 'dueUntil'],
      additionalProperties: false,
    },
  },
];

/** Canned answers as JSON text; any of them fits any tool well enough. */
export const toolResults: Readonly<Record<Language, readonly string[]>> = {
  ja: [
    JSON.stringify({
      total: 2,
      items: [
        {
          number: 'HZ-0417',
          title: '冷却水ポンプ点検要領',
          owner: '保全課',
          updated: '2026-02-12',
          excerpt: '吐出圧力が0.30 MPaを下回った場合は、ただちに予備機へ切り替える。',
        },
        {
          number: 'HZ-0422',
          title: '冷却塔の清掃手順',
          owner: '保全課',
          updated: '2025-11-04',
          excerpt: '清掃は年二回、運転を止めて行う。所要時間はおよそ四時間である。',
        },
      ],
    }),
    JSON.stringify({
      number: 'IR-2026-011',
      kind: 'incident',
      title: '受注システムの停止',
      status: 'open',
      owner: '情報システム課',
      opened: '2026-03-17T09:12:00+09:00',
      affectedOrders: 180,
      actions: [
        { what: '警報の通知先を共有宛先に変更', due: '2026-03-18', done: true },
        { what: '監査記録の自動削除', due: '2026-04-10', done: false },
      ],
    }),
    JSON.stringify({
      department: '購買課',
      tasks: [
        { what: '駆動モーターの内示手配', due: '2026-04-17', priority: 'high' },
        { what: '保守契約の条件確認', due: '2026-04-15', priority: 'high' },
        { what: '軸封部品の補充', due: '2026-04-24', priority: 'normal' },
      ],
    }),
  ],
  en: [
    JSON.stringify({
      total: 2,
      items: [
        {
          number: 'HZ-0417',
          title: 'Cooling pump inspection',
          owner: 'Maintenance',
          updated: '2026-02-12',
          excerpt: 'If the outlet pressure falls below 0.30 MPa, switch to the spare at once.',
        },
        {
          number: 'HZ-0422',
          title: 'Cooling tower cleaning',
          owner: 'Maintenance',
          updated: '2025-11-04',
          excerpt: 'Clean twice a year with the tower stopped; allow about four hours.',
        },
      ],
    }),
    JSON.stringify({
      number: 'IR-2026-011',
      kind: 'incident',
      title: 'Order system down',
      status: 'open',
      owner: 'Information systems',
      opened: '2026-03-17T09:12:00+09:00',
      affectedOrders: 180,
      actions: [
        { what: 'Send alarms to a shared address', due: '2026-03-18', done: true },
        { what: 'Delete old audit records', due: '2026-04-10', done: false },
      ],
    }),
    JSON.stringify({
      department: 'Purchasing',
      tasks: [
        { what: 'Reserve the drive motor', due: '2026-04-17', priority: 'high' },
        { what: 'Confirm the service contract', due: '2026-04-15', priority: 'high' },
        { what: 'Restock shaft seals', due: '2026-04-24', priority: 'normal' },
      ],
    }),
  ],
};
