/**
 * Where Azure OpenAI keeps its resources, and by which header it knows a key.
 *
 *     v1                       /openai/v1/responses, /openai/v1/chat/completions
 *     dated, before v1         /openai/responses?api-version=…
 *                              /openai/deployments/NAME/chat/completions?api-version=…
 *
 * Azure's v1 API needs no version; a dated version means the API before it. The base may be the
 * bare host or end in `/openai/v1`, as both are shown in Azure's portal.
 */

import type { BackendSystem } from '../../system/system.ts';

type Spoken = Pick<BackendSystem, 'wire' | 'apiVersion'>;

/** The path of a resource of one model under a URL's base path. */
export const openaiPath =
  ({ wire, apiVersion }: Spoken, resource: 'responses' | 'models' | 'chat/completions') =>
  (basePath: string, model = ''): string => {
    if (wire !== 'azure-openai') return `${basePath}/${resource}`;
    const root = basePath.replace(/\/openai(?:\/v1)?$/, '');
    const query = apiVersion === undefined ? '' : `?api-version=${encodeURIComponent(apiVersion)}`;
    const isDated = apiVersion !== undefined && /^\d{4}-/.test(apiVersion);
    if (!isDated) return `${root}/openai/v1/${resource}${query}`;
    // Of the two, only chat has the deployment in its path.
    const deployment =
      resource === 'chat/completions' ? `deployments/${encodeURIComponent(model)}/` : '';
    return `${root}/openai/${deployment}${resource}${query}`;
  };

/** The header that carries the key, where there is one. */
export const keyHeader = ({
  wire,
  apiKey,
}: Pick<BackendSystem, 'wire' | 'apiKey'>): Readonly<Record<string, string>> => {
  if (apiKey === undefined) return {};
  return wire === 'azure-openai' ? { 'api-key': apiKey } : { authorization: `Bearer ${apiKey}` };
};
