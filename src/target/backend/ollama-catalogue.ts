/** What Ollama says about its models, whether or not they are in memory. */

import { hash } from 'node:crypto';

import type { LoadedModel } from '../../engine/box.ts';
import type { EngineProfile } from '../../engine/profile.ts';
import type {
  OllamaCapability,
  OllamaLoaded,
  OllamaModelDetails,
  OllamaTag,
} from '../../protocol/ollama.ts';

/** One entry of `/api/tags`. */
export const tagOf = (profile: EngineProfile, modifiedAt: string): OllamaTag => ({
  name: profile.tag,
  model: profile.tag,
  modified_at: modifiedAt,
  size: bytesOf(profile),
  digest: digestOf(profile),
  details: detailsOf(profile),
  capabilities: capabilitiesOf(profile),
});

/** One entry of `/api/ps`. A model that stays for ever expires in three hundred years. */
export const loadedOf = (
  profile: EngineProfile,
  { expiresAt, contextLength }: LoadedModel,
  wallOf: (instant: number) => string,
): OllamaLoaded => ({
  name: profile.tag,
  model: profile.tag,
  size: bytesOf(profile),
  digest: digestOf(profile),
  details: detailsOf(profile),
  expires_at: Number.isFinite(expiresAt) ? wallOf(expiresAt) : '2318-01-01T00:00:00Z',
  size_vram: bytesOf(profile),
  context_length: contextLength,
});

/** The answer of `/api/show`, as far as clients read it. */
export const shownOf = (profile: EngineProfile, modifiedAt: string): unknown => {
  const details = detailsOf(profile);
  return {
    parameters: '',
    template: '',
    details,
    model_info: {
      'general.architecture': details.family,
      [`${details.family}.context_length`]: profile.contextTokensMax,
    },
    capabilities: capabilitiesOf(profile),
    modified_at: modifiedAt,
  };
};

const bytesOf = ({ weightsGb }: EngineProfile): number => Math.round(weightsGb * 1e9);

const digestOf = ({ tag }: EngineProfile): string => hash('sha256', tag, 'hex');

const detailsOf = ({ tag }: EngineProfile): OllamaModelDetails => {
  const [name = tag, variant = ''] = tag.split(':');
  const family = name.replaceAll(/[^a-z0-9]/gi, '').toLowerCase();
  return {
    parent_model: '',
    format: 'gguf',
    family,
    families: [family],
    parameter_size: (/^\d+(\.\d+)?b/i.exec(variant)?.[0] ?? '').toUpperCase(),
    quantization_level: name.startsWith('gpt-oss') ? 'MXFP4' : 'Q4_K_M',
  };
};

const capabilitiesOf = (profile: EngineProfile): readonly OllamaCapability[] => [
  'completion',
  ...(profile.hasTools ? (['tools'] as const) : []),
  ...(profile.isThinking ? (['thinking'] as const) : []),
  ...(profile.hasVision ? (['vision'] as const) : []),
];
