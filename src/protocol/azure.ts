/**
 * How Azure OpenAI says no: the error envelope, its words and its headers.
 *
 * Clients read how long to wait from `retry-after-ms`, then `retry-after`, then the sentence
 * "Please retry after N seconds", because the Responses endpoint has been seen to send the sentence
 * alone (learn.microsoft.com/answers/questions/5625878).
 */

export interface AzureErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly type?: string | null;
    readonly param?: string | null;
    readonly innererror?: Readonly<Record<string, unknown>>;
  };
}

/** The envelope. `type` and `param` are present, if null, as OpenAI's own clients expect. */
export const azureError = (
  code: string,
  message: string,
  more: { readonly type?: string; readonly param?: string } = {},
): AzureErrorBody => ({
  error: { code, message, type: more.type ?? null, param: more.param ?? null },
});

/** What Azure says when a deployment's quota for this minute is used up. */
export const rateLimitMessage = (quota: 'token' | 'call', retryAfterSeconds: number): string =>
  'Requests to the Responses_Create Operation under Azure OpenAI API version v1 have exceeded ' +
  `${quota} rate limit of your current OpenAI S0 pricing tier. ` +
  `Please retry after ${retryAfterSeconds} seconds.`;

/** What OpenAI's wires say of an item id that this server did not mint, or did not keep. */
export const itemNotFoundMessage = (id: string): string =>
  `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. ` +
  'Try again with `store` set to true, or remove this item from your input.';
