// The body of OpenAI's responses API as far as Holdfast takes it. Strict: a field that would be dropped in silence is an
// error that names it. Validation only; `response-prompt.ts` translates.

import { z } from 'zod';
import { hintFields, jsonSchemaSchema, metadataSchema, nameSchema, samplingFields } from '../chat-schema.ts';
import { expectSchema } from '../expect-schema.ts';
import { inputSchema } from './input-schema.ts';
import { unsupported, unsupportedTypes } from './unsupported.ts';

const BUILT_IN_TOOLS = [
  'web_search',
  'web_search_2025_08_26',
  'web_search_preview',
  'web_search_preview_2025_03_11',
  'file_search',
  'computer',
  'computer_use',
  'computer_use_preview',
  'code_interpreter',
  'image_generation',
  'mcp',
  'local_shell',
  'shell',
  'apply_patch',
  'custom',
  'namespace',
  'tool_search',
  'programmatic_tool_calling',
] as const;

const toolSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('function'),
    name: nameSchema,
    description: z.string().nullish(),
    parameters: jsonSchemaSchema.nullish(),
    strict: z.boolean().nullish(),
    allowed_callers: unsupported(),
    defer_loading: unsupported({ but: [false] }),
    output_schema: unsupported(),
  }),
  unsupportedTypes(BUILT_IN_TOOLS, 'is not supported: only functions are'),
]);

const toolChoiceSchema = z.union(
  [
    z.enum(['none', 'auto', 'required']),
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('function'), name: nameSchema }),
      unsupportedTypes(['allowed_tools'], 'is not supported: send only the tools that may be called'),
      unsupportedTypes(BUILT_IN_TOOLS, 'is not supported: only functions are'),
    ]),
  ],
  { error: 'must be "none", "auto", "required" or a function by its name' },
);

const textSchema = z.strictObject({
  format: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text') }),
      z.strictObject({ type: z.literal('json_object') }),
      z.strictObject({
        type: z.literal('json_schema'),
        name: nameSchema,
        description: z.string().nullish(),
        schema: jsonSchemaSchema,
        strict: z.boolean().nullish(),
      }),
    ])
    .nullish(),
  verbosity: hintFields.verbosity,
});

const reasoningSchema = z.strictObject({
  effort: samplingFields.reasoning_effort,
  // What there is of a summary is none; `auto` takes what there is.
  summary: unsupported({ but: ['auto'], error: 'is not supported beyond "auto"' }),
  generate_summary: unsupported({ but: ['auto'], error: 'is not supported beyond "auto"' }),
  context: unsupported({ but: ['auto'], error: 'is not supported beyond "auto"' }),
  mode: unsupported({ but: ['standard'], error: 'is not supported beyond "standard"' }),
});

export const LOGPROBS = 'message.output_text.logprobs';

/** All but the first ask for more of items that no answer here has. */
const includedSchema = z.enum([
  LOGPROBS,
  'reasoning.encrypted_content',
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
]);

const responseFields = {
  // As long as Temporal's visibility takes a keyword.
  model: z.string().min(1).max(255).meta({ description: 'A configured name, or a target as `provider/model`.' }),
  input: inputSchema,
  instructions: z.string().nullish(),
  previous_response_id: z.string().min(1).max(80).nullish().meta({
    description: 'A response that has been answered, and is stored: its messages and its answer come before the input.',
  }),
  background: z.boolean().nullish().meta({
    description: 'Answer at once; `GET /v1/responses/{id}` tells the end. Default deadline 24h.',
  }),
  store: z.boolean().nullish().meta({ description: '`false`: it cannot be read or continued as a response.' }),
  max_output_tokens: samplingFields.max_tokens,
  temperature: samplingFields.temperature,
  top_p: samplingFields.top_p,
  tools: z.array(toolSchema).max(128).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: textSchema.nullish(),
  reasoning: reasoningSchema.nullish(),
  include: z.array(includedSchema).nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  expect: expectSchema.nullish(),
  service_tier: hintFields.service_tier,
  prompt_cache_key: hintFields.prompt_cache_key,
  prompt_cache_retention: hintFields.prompt_cache_retention,
  safety_identifier: hintFields.safety_identifier,
  metadata: metadataSchema.nullish(),
  user: z.string().max(512).nullish(),
  stream: z.boolean().nullish(),
  truncation: unsupported({ but: ['disabled'], error: 'is not supported beyond "disabled"' }),
  conversation: unsupported({ error: 'is not supported: continue a response by previous_response_id' }),
  stream_options: z
    .strictObject({
      include_obfuscation: z.boolean().nullish().meta({ description: 'Events are never padded.' }),
    })
    .nullish(),
  prompt: unsupported({ error: 'is not supported: send the input itself' }),
  prompt_cache_options: unsupported(),
  context_management: unsupported(),
  moderation: unsupported(),
  max_tool_calls: unsupported(),
};

export type ResponseFields = z.output<z.ZodObject<typeof responseFields>>;

export const responseBodySchema = z.strictObject(responseFields).check(({ value: body, issues }) => {
  const report = (path: PropertyKey[], message: string) => issues.push({ code: 'custom', path, message, input: body });
  if (!body.stream && body.stream_options != null)
    report(['stream_options'], 'is for streams: send "stream": true with it');
  if (body.top_logprobs && !body.include?.includes(LOGPROBS)) report(['top_logprobs'], `needs ${LOGPROBS} in include`);
  if (body.background && body.store === false) report(['store'], 'must not be false of a background response');
  const { input, tool_choice: choice } = body;
  if (typeof input === 'object' && input.every((item) => item.type === 'reasoning')) {
    report(['input'], 'must hold more than reasoning');
  }
  if (choice === 'required' && !body.tools?.length) report(['tool_choice'], 'needs tools to choose from');
  if (typeof choice === 'object' && choice && !body.tools?.some((tool) => tool.name === choice.name)) {
    report(['tool_choice'], 'names a function that is not among the tools');
  }
});

export const responseQuerySchema = z.strictObject({
  'include[]': z
    .union([includedSchema, z.array(includedSchema)], { error: 'names something that is not known' })
    .optional()
    .meta({ description: 'Changes nothing: what there is was decided when the response was created.' }),
  stream: unsupported({ but: ['false'], error: 'is not supported: leave it out or send false' }),
  starting_after: unsupported(),
  include_obfuscation: unsupported({ but: ['false'] }),
});
