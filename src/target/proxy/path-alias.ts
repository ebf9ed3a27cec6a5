/**
 * Where clients and probes that were set up for another proxy look for what is ours: the API
 * without its version, as LiteLLM's are shown to do; under `/openai/v1`, as Azure's do, or under
 * `/openai` with an `api-version`; and the probes of LiteLLM's charts.
 *
 *     /responses, /chat/completions, /models, /conversations      ──▶ /v1/…
 *     /openai/v1/…, /openai/…                                     ──▶ /v1/…
 *     /health/liveliness, /health/readiness                       ──▶ /health, /ready
 */

const unversioned =
  /^(?:\/openai(?:\/v1)?)?(?=\/(?:responses|chat\/completions|models|conversations)(?:[/?]|$))/;

const probes: Readonly<Record<string, string>> = {
  '/health/liveliness': '/health',
  '/health/liveness': '/health',
  '/health/readiness': '/ready',
};

/** The same request in our own paths. */
export const pathAsOurs = (url: string): string =>
  url.startsWith('/v1/') ? url : (probes[url] ?? url.replace(unversioned, '/v1'));
