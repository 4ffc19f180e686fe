// The body of OpenAI's chat completions API as far as Holdfast takes it. Strict: a field that would be dropped in
// silence is an error that names it. Validation only; `prompt.ts` translates.

import { z } from 'zod';
import { expectSchema } from './expect-schema.ts';
import { messagesSchema } from './message-schema.ts';

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
export const nameSchema = z.string().regex(NAME, { error: 'must be 1 to 64 letters, digits, "_" or "-"' });
export const jsonSchemaSchema = z.record(z.string(), z.unknown()).meta({ description: 'A JSON Schema document.' });

/** Sampling parameters, of a request and of a strategy's target alike. */
export const samplingFields = {
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  stop: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(4)], {
      error: 'must be a text or a list of 1 to 4 texts',
    })
    .nullish(),
  seed: z.int().nullish(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
};

const HINT = 'A hint: a target that does not know it answers without.';

/** What clients may send to any target, since leaving it out changes no answer's meaning. */
export const hintFields = {
  verbosity: z.enum(['low', 'medium', 'high']).nullish().meta({ description: HINT }),
  service_tier: z
    .enum(['auto', 'default', 'flex', 'scale', 'priority'])
    .nullish()
    .meta({ description: `${HINT} The cost of a call is counted at the target's ordinary price all the same.` }),
  prompt_cache_key: z.string().max(512).nullish().meta({ description: HINT }),
  prompt_cache_retention: z.enum(['in-memory', 'in_memory', '24h']).nullish().meta({ description: HINT }),
  safety_identifier: z.string().max(512).nullish().meta({ description: HINT }),
};

const toolSchema = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: nameSchema,
    description: z.string().optional(),
    parameters: jsonSchemaSchema.optional(),
    strict: z.boolean().nullish(),
  }),
});

const toolChoiceSchema = z.union(
  [
    z.enum(['none', 'auto', 'required']),
    z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: nameSchema }) }),
  ],
  { error: 'must be "none", "auto", "required" or a function by its name' },
);

const responseFormatSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: nameSchema,
      description: z.string().optional(),
      schema: jsonSchemaSchema,
      strict: z.boolean().nullish(),
    }),
  }),
]);

export const metadataSchema = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((metadata) => Object.keys(metadata).length <= 16, { error: 'has more than 16 entries' });

const unsupported = z.null({ error: 'is not supported' }).optional().meta({ description: 'Not supported.' });

/** Known fields that are not done: allowed only where they ask for what happens anyway. */
const unsupportedFields = {
  n: z.literal(1, { error: 'is not supported beyond 1 answer' }).nullish(),
  modalities: z.tuple([z.literal('text')], { error: 'is not supported beyond ["text"]' }).nullish(),
  // Its tokens are those of one model, and mean other words to the next.
  logit_bias: z
    .record(z.string(), z.unknown())
    .refine((bias) => Object.keys(bias).length === 0, {
      error: 'is not supported',
      params: { isUnsupported: true },
    })
    .nullish(),
  audio: unsupported,
  functions: unsupported,
  function_call: unsupported,
  prediction: unsupported,
  web_search_options: unsupported,
};

export const unsupportedParams: ReadonlySet<string> = new Set(Object.keys(unsupportedFields));

export const chatFields = {
  // As long as Temporal's visibility takes a keyword.
  model: z.string().min(1).max(255).meta({ description: 'A configured name, or a target as `provider/model`.' }),
  messages: messagesSchema,
  ...samplingFields,
  tools: z.array(toolSchema).max(128).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: responseFormatSchema.nullish(),
  user: z.string().max(512).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  ...hintFields,
  metadata: metadataSchema.nullish(),
  store: z.boolean().nullish().meta({ description: 'Every inference is kept, for as long as the retention says.' }),
  expect: expectSchema.nullish(),
  ...unsupportedFields,
};

export type ChatFields = z.output<z.ZodObject<typeof chatFields>>;

/** What no single field can tell. */
export function checkChatBody(context: z.core.ParsePayload<ChatFields>): void {
  const { value: body, issues } = context;
  const report = (path: PropertyKey[], message: string) => issues.push({ code: 'custom', path, message, input: body });
  if (hasTwoLimits(body)) report(['max_completion_tokens'], 'differs from max_tokens');
  if (body.top_logprobs != null && body.logprobs !== true) report(['top_logprobs'], 'needs logprobs: true');
  const { tool_choice: choice } = body;
  if (choice === 'required' && !body.tools?.length) report(['tool_choice'], 'needs tools to choose from');
  if (
    typeof choice === 'object' &&
    choice &&
    !body.tools?.some((tool) => tool.function.name === choice.function.name)
  ) {
    report(['tool_choice'], 'names a function that is not among the tools');
  }
}

export function hasTwoLimits(fields: {
  max_tokens?: number | null | undefined;
  max_completion_tokens?: number | null | undefined;
}): boolean {
  const { max_tokens: old, max_completion_tokens: current } = fields;
  return old != null && current != null && old !== current;
}

export const chatBodySchema = z
  .strictObject({
    ...chatFields,
    stream: z.boolean().nullish(),
    stream_options: z
      .strictObject({
        include_usage: z.boolean().nullish(),
        include_obfuscation: z.boolean().nullish().meta({ description: 'Chunks are never padded.' }),
      })
      .nullish(),
  })
  .check(checkChatBody)
  .refine((body) => body.stream === true || body.stream_options == null, {
    error: 'is for streams: send "stream": true with it',
    path: ['stream_options'],
  });
