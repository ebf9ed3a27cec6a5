/** Makers of stored responses. */

import type { Item, ResponseResource } from '../../../src/protocol/responses.ts';
import type { StoredResponse } from '../../../src/target/proxy/proxy.ts';

export const message = (id: string, role: 'user' | 'assistant'): Item => ({
  type: 'message',
  id,
  role,
  content: `${id} 日本語 "quoted"`,
});

const resource = (id: string): ResponseResource => ({
  id,
  object: 'response',
  created_at: 1,
  completed_at: 2,
  status: 'completed',
  incomplete_details: null,
  model: 'gpt-oss-120b',
  previous_response_id: null,
  instructions: null,
  output: [message(`out_${id}`, 'assistant')],
  error: null,
  tools: [],
  tool_choice: 'auto',
  truncation: 'disabled',
  parallel_tool_calls: true,
  text: { format: { type: 'text' } },
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  top_logprobs: 0,
  temperature: 1,
  reasoning: null,
  usage: null,
  max_output_tokens: null,
  max_tool_calls: null,
  store: true,
  background: false,
  service_tier: 'default',
  metadata: {},
  safety_identifier: null,
  prompt_cache_key: null,
});

/** A response of the key `miner`, made one second into 1970. */
export const stored = (
  id: string,
  previousId?: string,
  more: Partial<StoredResponse> = {},
): StoredResponse => ({
  id,
  owner: 'miner',
  input: [message(`in_${id}`, 'user')],
  resource: resource(id),
  createdAtWall: 1000,
  ...(previousId === undefined ? {} : { previousId }),
  ...more,
});
