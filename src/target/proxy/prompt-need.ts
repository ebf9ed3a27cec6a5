/**
 * What a prompt asks of a backend beyond words: eyes, hands, and a way to the web.
 *
 * An address of an image or file is never fetched by the proxy, and never given to a local backend,
 * which would fetch it from inside the house: whoever writes a prompt would choose what it reads
 * there. A cloud backend fetches from where it stands.
 */

import type { InputContentPart, PromptItem } from '../../protocol/responses.ts';
import type { BackendSystem } from '../../system/system.ts';
import { type ApiError, badRequest } from './api-error.ts';
import { partsOf } from './resource.ts';
import type { ResponseRequest } from './request.ts';
import { toolOffer } from './request-tool.ts';

export interface PromptNeeds {
  /** There is an image in it. */
  readonly needsVision: boolean;
  /** Functions are offered. */
  readonly needsTools: boolean;
  /** There is an image or a file in it that only its address is given of. */
  readonly needsFetch: boolean;
  /** There is a file in it. */
  readonly needsFiles: boolean;
}

/** What the whole conversation and its tools need. */
export const promptNeeds = (
  request: Pick<ResponseRequest, 'offered' | 'toolChoice'>,
  { whole }: { readonly whole: readonly PromptItem[] },
): PromptNeeds => {
  const parts = whole.flatMap((item) => partsOf(item));
  return {
    needsVision: parts.some(({ type }) => type === 'input_image'),
    needsTools:
      request.toolChoice !== 'none' &&
      toolOffer(request.offered, request.toolChoice).tools.length > 0,
    needsFetch: parts.some(isAddress),
    needsFiles: parts.some(({ type }) => type === 'input_file'),
  };
};

/** Why a backend cannot be given the prompt at all; undefined where it can. */
export const unservable = (
  needs: PromptNeeds,
  { residency, wire }: Pick<BackendSystem, 'residency' | 'wire'>,
): ApiError | undefined => {
  if (needs.needsFetch && residency === 'local')
    return badRequest(
      'A local backend is not given the address of an image or file. Send it as a data URL.',
      'input',
      'invalid_image_url',
    );
  if (needs.needsFiles && wire === 'ollama')
    return badRequest(
      'A file cannot be given to a local model. Send its text, or pages as images.',
      'input',
      'unsupported_file',
    );
  return undefined;
};

const isAddress = (part: InputContentPart): boolean =>
  part.type === 'input_image'
    ? !/^data:/i.test(part.image_url ?? '')
    : part.type === 'input_file' && part.file_url !== undefined;
