/**
 * What the dated versions of Azure OpenAI's API know. From August 2025 on there is a v1 API, which
 * knows both and needs no version.
 */

/** From this one on there is the Responses API. */
const responsesFrom = '2025-03-01';
/** From this one on a stream of chat completions tells its usage, and an answer has a limit. */
const chatFrom = '2024-09-01';

/** Whether a version, where one is named, has an API. Names such as `preview` mean v1. */
export const azureVersionHas = (api: 'responses' | 'chat', version: string | undefined): boolean =>
  version === undefined ||
  !/^\d{4}-/.test(version) ||
  version >= (api === 'chat' ? chatFrom : responsesFrom);
