/** The route of `GET /usage`: JSON, or CSV for who asks for it. */

import type { IncomingHttpHeaders } from 'node:http';

import type { FastifyInstance, FastifyRequest } from 'fastify';

import { asText } from './json.ts';
import type { Caller } from './proxy.ts';
import type { Proxy } from './respond.ts';
import { usageCsv } from './usage-report.ts';

interface Queried {
  readonly Querystring: Readonly<Record<string, unknown>>;
}

/** Installs the route. `callerOf` refuses whoever has no key where there are keys. */
export const installUsage = (
  app: FastifyInstance,
  proxy: Proxy,
  callerOf: (headers: IncomingHttpHeaders, requestId: string) => Caller,
): void => {
  app.get<Queried>('/usage', async (request, reply) => {
    const report = await proxy.usage(request.query, callerOf(request.headers, request.id));
    if (!wantsCsv(request)) return report;
    return reply
      .header('content-type', 'text/csv; charset=utf-8')
      .header('content-disposition', 'attachment; filename="usage.csv"')
      .send(usageCsv(report));
  });
};

const wantsCsv = ({ headers, query }: FastifyRequest<Queried>): boolean =>
  query['format'] === 'csv' ||
  (query['format'] === undefined && /\btext\/csv\b/i.test(asText(headers.accept) ?? ''));
