// The input items of OpenAI's responses as clients send them, or send back what they were answered. Validation only;
// `response-prompt.ts` translates.

import { z } from 'zod';
import { isRecord } from '../../domain/json-value.ts';
import { fileDataSchema, imageUrlSchema } from '../message-schema.ts';
import { unsupported, unsupportedTypes } from './unsupported.ts';

/** Of an item that was an answer: says nothing to a model. */
const ofAnswers = {
  id: z.string().nullish(),
  status: z.enum(['in_progress', 'completed', 'incomplete']).nullish(),
};

const inputText = z.strictObject({
  type: z.literal('input_text'),
  text: z.string(),
  prompt_cache_breakpoint: unsupported(),
});

const inputImage = z.strictObject({
  type: z.literal('input_image'),
  image_url: imageUrlSchema,
  detail: z.enum(['auto', 'low', 'high']).nullish(),
  file_id: unsupported({ error: 'is not supported: send the image itself, or its address, as image_url' }),
  prompt_cache_breakpoint: unsupported(),
});

const inputFile = z.strictObject({
  type: z.literal('input_file'),
  file_data: fileDataSchema,
  filename: z.string().max(255).nullish(),
  detail: unsupported({ but: ['auto'] }),
  file_id: unsupported({ error: 'is not supported: send the file itself as file_data' }),
  file_url: unsupported({ error: 'is not supported: send the file itself as file_data' }),
  prompt_cache_breakpoint: unsupported(),
});

const EITHER = { error: 'must be a text or a list of content parts' };

const userMessage = z.strictObject({
  type: z.literal('message'),
  role: z.literal('user'),
  content: z.union(
    [z.string(), z.array(z.discriminatedUnion('type', [inputText, inputImage, inputFile])).min(1)],
    EITHER,
  ),
  ...ofAnswers,
});

const systemMessage = z.strictObject({
  type: z.literal('message'),
  role: z.enum(['system', 'developer']),
  content: z.union([z.string(), z.array(inputText).min(1)], EITHER),
  ...ofAnswers,
});

const outputText = z.strictObject({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.unknown()).nullish(),
  logprobs: z.array(z.unknown()).nullish(),
  // What the official client's `parse` adds to an answer.
  parsed: z.unknown().optional(),
});

const refusal = z.strictObject({ type: z.literal('refusal'), refusal: z.string() });

const assistantMessage = z.strictObject({
  type: z.literal('message'),
  role: z.literal('assistant'),
  content: z.union([z.string(), z.array(z.discriminatedUnion('type', [outputText, refusal])).min(1)], EITHER),
  phase: z.enum(['commentary', 'final_answer']).nullish(),
  ...ofAnswers,
});

const functionCall = z.strictObject({
  type: z.literal('function_call'),
  call_id: z.string().min(1),
  name: z.string().min(1),
  arguments: z.string(),
  caller: z.unknown().optional(),
  namespace: unsupported(),
  parsed_arguments: z.unknown().optional(),
  ...ofAnswers,
});

const TEXT_ONLY = 'is not supported in the output of a function: only input_text is';

const functionCallOutput = z.strictObject({
  type: z.literal('function_call_output'),
  call_id: z.string().min(1),
  output: z.union(
    [
      z.string(),
      z
        .array(z.discriminatedUnion('type', [inputText, unsupportedTypes(['input_image', 'input_file'], TEXT_ONLY)]))
        .min(1),
    ],
    { error: 'must be a text or a list of input_text parts' },
  ),
  caller: z.unknown().optional(),
  ...ofAnswers,
});

/** How one provider's model came to an answer: nothing that another's could go on from. */
const reasoning = z.looseObject({ type: z.literal('reasoning') });

const UNSUPPORTED_ITEMS = [
  'item_reference',
  'compaction',
  'compaction_trigger',
  'additional_tools',
  'custom_tool_call',
  'custom_tool_call_output',
  'file_search_call',
  'web_search_call',
  'computer_call',
  'computer_call_output',
  'image_generation_call',
  'code_interpreter_call',
  'local_shell_call',
  'local_shell_call_output',
  'shell_call',
  'shell_call_output',
  'apply_patch_call',
  'apply_patch_call_output',
  'tool_search_call',
  'tool_search_output',
  'mcp_list_tools',
  'mcp_approval_request',
  'mcp_approval_response',
  'mcp_call',
  'program',
  'program_output',
] as const;

const itemSchema = z.preprocess(
  withType,
  z.discriminatedUnion('type', [
    z.discriminatedUnion('role', [userMessage, systemMessage, assistantMessage]),
    functionCall,
    functionCallOutput,
    reasoning,
    unsupportedTypes(UNSUPPORTED_ITEMS, 'is not supported'),
  ]),
);

/** The type may be left out of a message, which is known by its role. */
function withType(item: unknown): unknown {
  return isRecord(item) && item['type'] === undefined && 'role' in item ? { ...item, type: 'message' } : item;
}

export const inputSchema = z.union([z.string(), z.array(itemSchema).min(1)], {
  error: 'must be a text or a list of items',
});

export type InputItem = Exclude<z.output<typeof inputSchema>, string>[number];
