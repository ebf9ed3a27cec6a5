/**
 * LiteLLM's providers that Spillway can speak with: what stands before the `/` in `model`.
 *
 * `ollama/` means `/api/generate` to LiteLLM and `ollama_chat/` means `/api/chat`; here both are
 * `/api/chat`, which knows everything the other does.
 */

import type { BackendFile } from './schema.ts';

export interface Provider {
  readonly kind: BackendFile['kind'];
  /** Variables of the environment that stand in for `api_base` and `api_key`. */
  readonly baseVariables: readonly string[];
  readonly keyVariables: readonly string[];
  /** Where it is when nobody says. */
  readonly base?: string;
  /** A model server that people run themselves: local where its address is their own. */
  readonly isModelServer: boolean;
}

const ollama: Provider = {
  kind: 'ollama',
  baseVariables: ['OLLAMA_API_BASE'],
  keyVariables: ['OLLAMA_API_KEY'],
  base: 'http://localhost:11434',
  isModelServer: true,
};

const compatible: Provider = {
  kind: 'openai',
  baseVariables: [],
  keyVariables: [],
  isModelServer: false,
};

const openai: Provider = {
  ...compatible,
  baseVariables: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'],
  keyVariables: ['OPENAI_API_KEY'],
  base: 'https://api.openai.com/v1',
};

/** A service that has OpenAI's chat completions under an address and keys of its own. */
const service = (base: string, name: string, ...keyVariables: readonly string[]): Provider => ({
  ...compatible,
  base,
  baseVariables: [`${name}_API_BASE`],
  keyVariables: [`${name}_API_KEY`, ...keyVariables],
});

const providers: Readonly<Record<string, Provider>> = {
  ollama,
  ollama_chat: ollama,
  openai,
  custom_openai: compatible,
  openai_like: compatible,
  litellm_proxy: {
    ...compatible,
    baseVariables: ['LITELLM_PROXY_API_BASE'],
    keyVariables: ['LITELLM_PROXY_API_KEY'],
  },
  azure: {
    kind: 'azure-openai',
    baseVariables: ['AZURE_API_BASE'],
    keyVariables: ['AZURE_API_KEY', 'AZURE_OPENAI_API_KEY'],
    isModelServer: false,
  },
  hosted_vllm: {
    kind: 'openai',
    baseVariables: ['HOSTED_VLLM_API_BASE'],
    keyVariables: ['HOSTED_VLLM_API_KEY'],
    isModelServer: true,
  },
  llamafile: {
    kind: 'openai',
    baseVariables: ['LLAMAFILE_API_BASE'],
    keyVariables: ['LLAMAFILE_API_KEY'],
    base: 'http://127.0.0.1:8080/v1',
    isModelServer: true,
  },
  lm_studio: {
    kind: 'openai',
    baseVariables: ['LM_STUDIO_API_BASE'],
    keyVariables: ['LM_STUDIO_API_KEY'],
    isModelServer: true,
  },
  openrouter: service('https://openrouter.ai/api/v1', 'OPENROUTER', 'OR_API_KEY'),
  groq: service('https://api.groq.com/openai/v1', 'GROQ'),
  deepseek: service('https://api.deepseek.com/v1', 'DEEPSEEK'),
  xai: service('https://api.x.ai/v1', 'XAI'),
  together_ai: service('https://api.together.ai/v1', 'TOGETHER_AI', 'TOGETHERAI_API_KEY'),
  cerebras: service('https://api.cerebras.ai/v1', 'CEREBRAS'),
  nvidia_nim: service('https://integrate.api.nvidia.com/v1', 'NVIDIA_NIM'),
};

export interface ProviderModel {
  readonly provider: string;
  /** What the provider calls the model. */
  readonly model: string;
  /** Undefined for a provider that Spillway cannot speak with. */
  readonly known?: Provider;
}

/** Takes `azure/gpt-5-mini` apart. Without a provider LiteLLM takes OpenAI's names for OpenAI. */
export const providerOf = (model: string, named: string | undefined): ProviderModel => {
  const at = model.indexOf('/');
  const prefix = at < 0 ? undefined : model.slice(0, at);
  const isPrefix = prefix !== undefined && (named === undefined || named === prefix);
  const provider = named ?? prefix ?? (/^(?:gpt-|chatgpt|o\d)/.test(model) ? 'openai' : '');
  // `openai/responses/gpt-5` asks for the Responses API, and `azure/o_series/mine` says what to
  // expect of a deployment: neither is a part of the name.
  const rest = (isPrefix ? model.slice(at + 1) : model).replace(
    /^(?:responses|o_series|gpt5_series)\//,
    '',
  );
  const known = Object.hasOwn(providers, provider) ? providers[provider] : undefined;
  return { provider, model: rest, ...(known && { known }) };
};
