// A response for the OpenAPI document, and its type. `response-object.ts` makes the real one.

import { z } from 'zod';
import { tokenLogprobsSchema } from '../chat-completion.ts';

const contentSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('output_text'),
    text: z.string(),
    annotations: z.array(z.never()),
    logprobs: z.array(tokenLogprobsSchema),
  }),
  z.object({ type: z.literal('refusal'), refusal: z.string() }),
]);

const itemStatusSchema = z.enum(['in_progress', 'completed', 'incomplete']);

const messageSchema = z.object({
  type: z.literal('message'),
  id: z.string(),
  role: z.literal('assistant'),
  status: itemStatusSchema,
  content: z.array(contentSchema),
});

const functionCallSchema = z.object({
  type: z.literal('function_call'),
  id: z.string(),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
  status: itemStatusSchema,
});

const outputItemSchema = z.discriminatedUnion('type', [messageSchema, functionCallSchema]);

const formatSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: z.string(),
    description: z.string().nullable(),
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().nullable(),
  }),
]);

const toolSchema = z.object({
  type: z.literal('function'),
  name: z.string(),
  description: z.string().nullable(),
  parameters: z.record(z.string(), z.unknown()).nullable(),
  strict: z.boolean().nullable(),
});

const usageSchema = z.object({
  input_tokens: z.int(),
  input_tokens_details: z.object({ cached_tokens: z.int() }),
  output_tokens: z.int(),
  output_tokens_details: z.object({ reasoning_tokens: z.int() }),
  total_tokens: z.int(),
});

export const responseSchema = z
  .object({
    id: z.string().meta({
      description: "The inference's id by another name: `resp_…` is `inf-…`.",
      examples: ['resp_01k9zv3m7x2c4d5e6f7g8h9j0k'],
    }),
    object: z.literal('response'),
    created_at: z.int(),
    status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']).meta({
      description: '`queued`: it waits for a target to recover, or for a person who resolves its vote.',
    }),
    background: z.boolean(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    incomplete_details: z.object({ reason: z.enum(['max_output_tokens', 'content_filter']) }).nullable(),
    instructions: z.string().nullable(),
    max_output_tokens: z.int().nullable(),
    metadata: z.record(z.string(), z.string()),
    model: z.string().meta({ description: 'The model that served, as its provider names it; before, as asked for.' }),
    output: z.array(outputItemSchema),
    parallel_tool_calls: z.boolean(),
    previous_response_id: z.string().nullable(),
    reasoning: z.object({ effort: z.string().nullable(), summary: z.null() }),
    service_tier: z.enum(['auto', 'default', 'flex', 'priority']).meta({ description: 'The one asked for.' }),
    store: z.boolean(),
    temperature: z.number().nullable(),
    text: z.object({ format: formatSchema, verbosity: z.string().nullable() }),
    tool_choice: z.union([
      z.enum(['none', 'auto', 'required']),
      z.object({ type: z.literal('function'), name: z.string() }),
    ]),
    tools: z.array(toolSchema),
    top_logprobs: z.int(),
    top_p: z.number().nullable(),
    truncation: z.literal('disabled'),
    usage: usageSchema.optional().meta({ description: 'Left out when the provider did not report it.' }),
    user: z.string().optional(),
    prompt_cache_key: z.string().optional(),
    safety_identifier: z.string().optional(),
  })
  .meta({ id: 'Response' });

export type ResponseObject = z.output<typeof responseSchema>;
export type OutputItem = z.output<typeof outputItemSchema>;
export type MessageItem = z.output<typeof messageSchema>;
export type FunctionCallItem = z.output<typeof functionCallSchema>;
export type MessageContent = z.output<typeof contentSchema>;
export type TextContent = Extract<MessageContent, { readonly type: 'output_text' }>;
