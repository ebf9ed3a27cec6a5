/**
 * Models that an Ollama at home only passes on to Ollama's own cloud: their tags say so.
 *
 *     gpt-oss:120b-cloud    kimi-k2.5:cloud
 *
 * They are asked like any other, answer like any other, and what they are asked leaves the house.
 * https://docs.ollama.com/cloud
 */

/** Whether the model of this name runs in Ollama's cloud, whichever Ollama is asked for it. */
export const isCloudTag = (model: string): boolean => /:(?:[^:/]*-)?cloud$/i.test(model);
