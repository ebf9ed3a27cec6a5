/** The text of a first system file, for somebody with a box. */

/** A model of the box, as far as the file needs it. */
export interface TemplateModel {
  /** Ollama's tag: `gpt-oss:120b`. */
  readonly tag: string;
  readonly sizeBytes: number;
  readonly isLoaded: boolean;
  readonly contextLength?: number;
}

/** The context window asked for when the box does not say what it runs with. */
const usualNumCtx = 32_768;

/** A `spillway.yaml` with one Ollama backend; loaded models first, then the largest. */
export const systemText = (url: string, models: readonly TemplateModel[]): string => {
  const sorted = models.toSorted(
    (one, other) =>
      Number(other.isLoaded) - Number(one.isLoaded) || other.sizeBytes - one.sizeBytes,
  );
  const entries = sorted.map(
    ({ tag, contextLength }) =>
      `  ${modelName(tag)}:\n    - { backend: spark, model: '${tag}', ` +
      `numCtx: ${Math.min(contextLength ?? usualNumCtx, usualNumCtx)} }\n` +
      `    # - { backend: azure, model: gpt-5-mini }`,
  );
  return `# Written by \`spillway init ${url}\`.
# The first model is asked where a scenario names none. \`spillway check\` explains this file.
listen: 127.0.0.1:4000
state: { kind: sqlite, path: .spillway/state.db, retainDays: 30 }
backends:
  spark:
    kind: ollama
    url: ${url}
    slots: 1                       # raise it together with OLLAMA_NUM_PARALLEL
    connectMs: 2500
    firstTokenMs: 20000
    stallMs: 20000
  # The fallback: take the marks away, and add to each model below what stands there as a comment.
  # azure:
  #   kind: azure-openai
  #   url: https://example.openai.azure.com
  #   apiKey: \${AZURE_OPENAI_API_KEY}
  #   deployment: { type: GlobalStandard, region: japaneast }
models:
${entries.join('\n')}
midStream: fail
cold: wait
spill: { queueMax: 8, waitMsMax: 60000 }
economics:
  box: { capexJpy: 750000, lifeMonths: 36, tariffJpyPerKwh: 31, idleWatts: 24, busyWatts: 90 }
  # spendMaxUsd: 2                 # with the fallback: the most a run may spend
`;
};

/** `gpt-oss:120b` → `gpt-oss-120b`; `qwen3:latest` → `qwen3`. */
const modelName = (tag: string): string =>
  tag.replace(/:latest$/, '').replaceAll(/[^A-Za-z0-9.-]+/g, '-');
