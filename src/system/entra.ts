/**
 * Where a token of Microsoft Entra comes from, as the environment of the process tells it.
 *
 * The order is that of Azure's own libraries: a secret that somebody set on purpose, then the
 * identity the platform gives to a web app, then the one it gives to a virtual machine.
 */

import type { Environment } from './environment.ts';

export type EntraSource =
  | {
      readonly kind: 'client-secret';
      /** `https://login.microsoftonline.com`, or that of another cloud. */
      readonly authority: string;
      readonly tenantId: string;
      readonly clientId: string;
      readonly clientSecret: string;
      /** The HTTP proxy on the way to the authority. */
      readonly proxy?: string;
    }
  | {
      readonly kind: 'app-service';
      readonly endpoint: string;
      readonly header: string;
      readonly clientId?: string;
    }
  | { readonly kind: 'virtual-machine'; readonly endpoint: string; readonly clientId?: string };

/** The metadata service of every Azure virtual machine; link-local, so never behind a proxy. */
const metadataEndpoint = 'http://169.254.169.254';
const publicAuthority = 'https://login.microsoftonline.com';

export interface EntraChoice {
  readonly source?: EntraSource;
  /** What is missing, in words. */
  readonly problem?: string;
}

/** Chooses the source of tokens. Which of them answers is found out when a token is needed. */
export const entraSource = (environment: Environment): EntraChoice => {
  const read = (name: string): string | undefined => {
    const value = environment[name];
    return value === undefined || value === '' ? undefined : value;
  };
  const tenantId = read('AZURE_TENANT_ID');
  const clientId = read('AZURE_CLIENT_ID');
  const clientSecret = read('AZURE_CLIENT_SECRET');
  if (clientSecret !== undefined) {
    if (tenantId === undefined || clientId === undefined) {
      const missing = tenantId === undefined ? 'AZURE_TENANT_ID' : 'AZURE_CLIENT_ID';
      return { problem: `expected ${missing} beside AZURE_CLIENT_SECRET, found nothing` };
    }
    const authority = (read('AZURE_AUTHORITY_HOST') ?? publicAuthority).replace(/\/+$/, '');
    if (!URL.canParse(authority))
      return { problem: `expected a URL in AZURE_AUTHORITY_HOST, found '${authority}'` };
    return { source: { kind: 'client-secret', authority, tenantId, clientId, clientSecret } };
  }
  const chosen = clientId === undefined ? {} : { clientId };
  const endpoint = read('IDENTITY_ENDPOINT');
  const header = read('IDENTITY_HEADER');
  if (endpoint !== undefined && header !== undefined) {
    if (!URL.canParse(endpoint))
      return { problem: `expected a URL in IDENTITY_ENDPOINT, found '${endpoint}'` };
    return { source: { kind: 'app-service', endpoint, header, ...chosen } };
  }
  return { source: { kind: 'virtual-machine', endpoint: metadataEndpoint, ...chosen } };
};
