/**
 * The shape of `spillway.yaml`, the one file that describes a hybrid.
 *
 * Descriptions become hints when a value is wrong, and the documentation of
 * `spillway schema system`.
 */

import Type, { type Static, type TSchema } from 'typebox';

const oneOf = (...choices: readonly string[]) =>
  Type.Union(choices.map((choice) => Type.Literal(choice)));

const closed = { additionalProperties: false } as const;
const text = (description: string) => Type.String({ description, minLength: 1 });
const above0 = (description: string) => Type.Number({ exclusiveMinimum: 0, description });
const count = (description: string) => Type.Integer({ minimum: 1, description });
const ms = (description: string) =>
  Type.Number({ minimum: 1, description: `${description}, in milliseconds` });

const residencyRule = Type.Union([Type.Literal('local-first'), Type.Literal('local-only')], {
  description: '`local-first` may spill to the cloud; `local-only` never does',
});

const key = Type.Object(
  {
    name: text('What the key is called in logs and reports'),
    key: text('The secret itself; write ${NAME} and set it in the environment'),
    residency: Type.Optional(residencyRule),
    tokensPerMinute: Type.Optional(count('Tokens this key may use in a minute')),
    requestsPerMinute: Type.Optional(count('Requests this key may make in a minute')),
    concurrentRequests: Type.Optional(count('Requests of this key that may run at once')),
    monthlyBudgetUsd: Type.Optional(above0('Cloud money of a calendar month (UTC), in US dollars')),
    monthlyBudgetJpy: Type.Optional(above0('Cloud money of a calendar month (UTC), in yen')),
    models: Type.Optional(
      Type.Array(text('Name of a model below'), {
        minItems: 1,
        description: 'Models this key may ask for; all when left out',
      }),
    ),
    role: Type.Optional(
      Type.Union([Type.Literal('user'), Type.Literal('admin')], {
        description: "An `admin` sees everybody's usage; a `user`, the default, its own",
      }),
    ),
  },
  closed,
);

/** Only `spark` has profiles, only a cloud has a first-token distribution. */
const simulate = Type.Object(
  {
    profile: Type.Optional(text('Engine profile, such as gpt-oss-120b@ollama')),
    profiles: Type.Optional(
      Type.Array(text('Engine profile, such as gpt-oss-120b@ollama'), { minItems: 1 }),
    ),
    parallel: Type.Optional(count('Requests the engine serves at once (OLLAMA_NUM_PARALLEL)')),
    warm: Type.Optional(
      Type.Boolean({ description: 'Whether the models are loaded at the start' }),
    ),
    keepAliveMs: Type.Optional(
      Type.Number({ description: 'How long an idle model stays loaded; negative is forever' }),
    ),
    paths: Type.Optional(
      Type.Array(Type.Union([Type.Literal('http'), Type.Literal('https')]), {
        minItems: 1,
        maxItems: 4,
        description:
          'How it is reached, an address for each: [http, https] is tailnet, then Funnel',
      }),
    ),
    memoryGb: Type.Optional(
      above0('Memory that models share; what does not fit waits until another has left; 128'),
    ),
    ttftMsP50: Type.Optional(above0('Median time to first token, in milliseconds')),
    ttftMsP95: Type.Optional(above0('95th percentile of the time to first token')),
    tokensPerSecond: Type.Optional(above0('Output tokens per second of one answer')),
    tokensPerMinute: Type.Optional(count('Quota of the deployment')),
    requestsPerMinute: Type.Optional(count('Quota of the deployment')),
    continues: Type.Optional(
      Type.Union(
        [
          Type.Literal('well'),
          Type.Literal('start-over'),
          Type.Literal('repeat'),
          Type.Literal('preamble'),
          Type.Literal('language'),
          Type.Literal('refuse'),
        ],
        { description: 'How it behaves when asked to go on with a text another model began' },
      ),
    ),
    port: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        description: 'Port it is reached at when a suite is played against another proxy',
      }),
    ),
    timeScale: Type.Optional(above0('1 is real speed, 0.1 is ten times faster')),
  },
  closed,
);

const price = Type.Object(
  {
    input: Type.Number({ minimum: 0, description: 'USD per million input tokens' }),
    cachedInput: Type.Optional(
      Type.Number({ minimum: 0, description: 'USD per million cached input tokens' }),
    ),
    output: Type.Number({ minimum: 0, description: 'USD per million output tokens' }),
  },
  closed,
);

const backend = Type.Object(
  {
    kind: Type.Union(
      [Type.Literal('ollama'), Type.Literal('azure-openai'), Type.Literal('openai')],
      { description: 'The wire it speaks: `openai` is any compatible server; see `api`' },
    ),
    url: Type.Optional(text('Its address, or `simulated`')),
    urls: Type.Optional(
      Type.Array(text('An address'), {
        minItems: 1,
        description: 'Several addresses, the preferred first (tailnet, then Funnel)',
      }),
    ),
    simulate: Type.Optional(simulate),
    apiKey: Type.Optional(text('The secret; write ${NAME} and set it in the environment')),
    apiVersion: Type.Optional(text('For Azure before its v1 API, such as 2025-04-01-preview')),
    api: Type.Optional(
      Type.Union([Type.Literal('responses'), Type.Literal('chat')], {
        description:
          'What a server of kind `openai` or `azure-openai` is asked: `responses` (default), or ' +
          '`chat` completions',
      }),
    ),
    auth: Type.Optional(
      Type.Literal('entra', {
        description: 'In place of `apiKey` on Azure: `entra` asks Microsoft Entra for tokens',
      }),
    ),
    allowKeyless: Type.Optional(
      Type.Boolean({
        description: 'Whether an Ollama that everyone can reach may go without `apiKey`',
      }),
    ),
    proxy: Type.Optional(
      text('HTTP proxy on the way to it; `none` for none, whatever the environment says'),
    ),
    caFile: Type.Optional(
      text('Certificates to trust besides those of the machine, PEM, relative to this file'),
    ),
    residency: Type.Optional(
      Type.Union([Type.Literal('local'), Type.Literal('cloud')], {
        description: 'Where data sent to it goes',
      }),
    ),
    deployment: Type.Optional(
      Type.Object(
        {
          type: text('GlobalStandard, DataZoneStandard, Standard, …'),
          region: Type.Optional(text('Azure region')),
        },
        closed,
      ),
    ),
    slots: Type.Optional(count('Requests it serves at once')),
    requestsPerMinute: Type.Optional(count('Its quota of requests; what exceeds it spills')),
    tokensPerMinute: Type.Optional(
      count('Its quota of tokens, prompt and output limit together; what exceeds it spills'),
    ),
    connectMs: Type.Optional(ms('Deadline for DNS, TCP and TLS together')),
    firstTokenMs: Type.Optional(
      ms('Deadline for the first token (20000); a prompt that takes longer to read has more time'),
    ),
    firstTokenMsMax: Type.Optional(
      ms('The most that a long prompt is given (six times firstTokenMs)'),
    ),
    stallMs: Type.Optional(
      ms('Longest silence between two tokens (20000 at a local backend, else 8000)'),
    ),
    suspectMs: Type.Optional(
      Type.Number({
        minimum: 0,
        description:
          'Silence after which a second connection is asked whether it is there, in milliseconds; ' +
          '0 for never (2000 at a local backend, else 0)',
      }),
    ),
    price: Type.Optional(price),
  },
  closed,
);

const candidate = Type.Object(
  {
    backend: text('Name of a backend above'),
    model: text(
      'The name the backend knows the model by; on Azure the deployment. A `*` stands for what ' +
        'the `*` of the name stands for',
    ),
    numCtx: Type.Optional(count('Context window asked of Ollama')),
    prefillTokensPerSecond: Type.Optional(
      above0('How fast it reads a prompt (learnt from its answers), for the first-token deadline'),
    ),
    priceModel: Type.Optional(
      text('The model in the price table, for a deployment of another name'),
    ),
    contextTokensMax: Type.Optional(count('Its context window; longer conversations go elsewhere')),
    vision: Type.Optional(Type.Boolean({ description: 'Whether it understands images' })),
    tools: Type.Optional(Type.Boolean({ description: 'Whether it calls tools' })),
    weight: Type.Optional(
      Type.Number({ minimum: 0, description: 'Its share of the requests; 0 is a fallback only' }),
    ),
  },
  closed,
);

const candidates = Type.Array(candidate, { minItems: 1 });

/** A list of candidates, or a list with rules. */
const model = Type.Union([
  candidates,
  Type.Object(
    {
      strategy: Type.Optional(
        Type.Union(
          [
            Type.Literal('ordered'),
            Type.Literal('weighted'),
            Type.Literal('least-busy'),
            Type.Literal('lowest-latency'),
            Type.Literal('cheapest'),
          ],
          { description: 'In which order the candidates are asked; `ordered` as they stand here' },
        ),
      ),
      residency: Type.Optional(residencyRule),
      hidden: Type.Optional(
        Type.Boolean({ description: 'Whether it is served without being listed in /v1/models' }),
      ),
      candidates,
    },
    closed,
  ),
]);

const economics = Type.Object(
  {
    fx: Type.Optional(
      Type.Object(
        {
          usdJpy: above0('Yen for one US dollar'),
          asOf: Type.String({
            pattern: String.raw`^\d{4}-\d{2}-\d{2}$`,
            expected: 'a date such as 2026-11-01',
          }),
          source: text('Where the rate is from'),
        },
        closed,
      ),
    ),
    box: Type.Optional(
      Type.Object(
        {
          capexJpy: above0('What the box cost'),
          lifeMonths: above0('Months over which it is written off'),
          tariffJpyPerKwh: Type.Number({ minimum: 0, description: 'Price of electricity' }),
          idleWatts: Type.Number({ minimum: 0, description: 'Wall power when idle' }),
          busyWatts: Type.Number({ minimum: 0, description: 'Wall power while answering' }),
        },
        closed,
      ),
    ),
    counterfactuals: Type.Optional(
      Type.Array(text('A model of the price table, or `configured`'), {
        description: 'Cloud models the answers are valued at; `configured` is the real fallback',
      }),
    ),
    spendMaxJpy: Type.Optional(
      Type.Number({ minimum: 0, description: 'Most a run may spend, in yen' }),
    ),
    spendMaxUsd: Type.Optional(
      Type.Number({ minimum: 0, description: 'Most a run may spend, in US dollars' }),
    ),
  },
  closed,
);

/** The whole file. */
export const systemSchema = Type.Object(
  {
    listen: Type.Optional(
      Type.String({
        pattern: String.raw`^\S+:\d{1,5}$`,
        expected: 'an address and port such as 127.0.0.1:4000',
        description: 'Where the proxy listens',
      }),
    ),
    state: Type.Optional(
      Type.Union(
        [
          Type.Object(
            { kind: Type.Literal('memory'), retainDays: Type.Optional(above0('Days kept')) },
            closed,
          ),
          Type.Object(
            {
              kind: Type.Literal('sqlite'),
              path: text('The database file, relative to this file'),
              retainDays: Type.Optional(above0('Days kept')),
            },
            closed,
          ),
        ],
        {
          description:
            'Where responses are kept: `memory`, or `sqlite`, which survives a restart. State ' +
            'that several proxies share (Redis) does not exist yet: give each its own file',
        },
      ),
    ),
    metrics: Type.Optional(
      Type.Union([Type.Literal('keyed'), Type.Literal('open')], {
        description: '`open` lets /metrics be read without a key (keyed)',
      }),
    ),
    log: Type.Optional(
      Type.Object(
        {
          file: Type.Optional(text('Where requests are logged, relative to this file (stderr)')),
          level: Type.Optional(
            Type.Union([Type.Literal('off'), Type.Literal('error'), Type.Literal('info')], {
              description: '`error` logs failed requests alone, `info` all of them (info)',
            }),
          ),
        },
        closed,
      ),
    ),
    attemptsMax: Type.Optional(
      count('Backends that a request is sent to, one after the other, before it fails (2)'),
    ),
    drainMs: Type.Optional(
      ms('How long running answers may take to end when the proxy stops (10000)'),
    ),
    keys: Type.Optional(Type.Array(key)),
    backends: Type.Record(Type.String(), backend, {
      minProperties: 1,
      description: 'Backends by name',
    }),
    models: Type.Record(Type.String(), model, {
      minProperties: 1,
      description:
        'Models by the name clients ask for, each with its candidates in order; a `*` in a name ' +
        'stands for any text',
    }),
    defaultModel: Type.Optional(text('The model of a request that names none')),
    midStream: Type.Optional(oneOf('fail', 'continue')),
    commitOn: Type.Optional(oneOf('text', 'reasoning')),
    cold: Type.Optional(oneOf('spill', 'wait')),
    spill: Type.Optional(
      Type.Object(
        {
          queueMax: Type.Optional(
            Type.Integer({ minimum: 0, description: 'Requests that may wait for a slot' }),
          ),
          waitMsMax: Type.Optional(
            Type.Number({ minimum: 0, description: 'Longest wait for a slot, in milliseconds' }),
          ),
        },
        closed,
      ),
    ),
    breaker: Type.Optional(
      Type.Object(
        {
          hardFailures: Type.Optional(count('Consecutive hard failures that open it')),
          softFailures: Type.Optional(count('Consecutive soft failures that open it')),
          openForMs: Type.Optional(ms('How long it stays open before a probe')),
        },
        closed,
      ),
    ),
    economics: Type.Optional(economics),
  },
  {
    ...closed,
    $id: 'spillway-system',
    title: 'Spillway system',
    description: 'A hybrid: backends, models, and the proxy in front of them',
  },
) satisfies TSchema;

/** The file as written, once the schema allows it. */
export type SystemFile = Static<typeof systemSchema>;
export type BackendFile = Static<typeof backend>;
export type ModelFile = Static<typeof model>;
export type KeyFile = Static<typeof key>;
