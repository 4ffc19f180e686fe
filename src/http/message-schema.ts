// The messages of OpenAI's chat completions API as clients send them. Validation only; `prompt.ts` translates.

import { z } from 'zod';

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });

export const imageUrlSchema = z
  .string()
  .regex(/^(https?:\/\/|data:image\/)/i, { error: 'must be an http(s) address or a data: URL of an image' });

export const fileDataSchema = z
  .string()
  .regex(/^data:[\w.+-]+\/[\w.+-]+;base64,/i, { error: 'must be a data: URL with a media type, base64-encoded' });

const imagePart = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({
    url: imageUrlSchema,
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
});

const filePart = z.strictObject({
  type: z.literal('file'),
  file: z.strictObject({
    file_data: fileDataSchema,
    filename: z.string().max(255).optional(),
  }),
});

const EITHER = { error: 'must be a text or a list of content parts' };
const textContent = z.union([z.string(), z.array(textPart).min(1)], EITHER);

/** Of a speaker: of a user it is told in words, of the others it is left out, as models would write it before what they say. */
const name = z.string().max(64).nullish();

const systemMessage = z.strictObject({ role: z.enum(['system', 'developer']), content: textContent, name });

const userMessage = z.strictObject({
  role: z.literal('user'),
  content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, imagePart, filePart])).min(1)], EITHER),
  name,
});

const toolCall = z.strictObject({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string().min(1), arguments: z.string() }),
});

const refusalPart = z.strictObject({ type: z.literal('refusal'), refusal: z.string() });

const assistantMessage = z
  .strictObject({
    role: z.literal('assistant'),
    content: z
      .union([z.string(), z.array(z.discriminatedUnion('type', [textPart, refusalPart])).min(1)], EITHER)
      .nullish(),
    refusal: z.string().nullish(),
    tool_calls: z.array(toolCall).nullish(),
    name,
    // Clients send back what they were given: these fields of an answer say nothing to a model.
    annotations: z.array(z.unknown()).nullish(),
    audio: z.null().optional(),
    function_call: z.null().optional(),
  })
  .refine((message) => message.content != null || message.refusal != null || Boolean(message.tool_calls?.length), {
    error: 'is needed in an assistant message without tool_calls',
    path: ['content'],
  });

const toolMessage = z.strictObject({
  role: z.literal('tool'),
  tool_call_id: z.string().min(1),
  content: textContent,
  // Some clients repeat the tool's name here; the id alone tells which call is answered.
  name: z.string().nullish(),
});

export const messagesSchema = z
  .array(z.discriminatedUnion('role', [systemMessage, userMessage, assistantMessage, toolMessage]))
  .min(1);

export type ChatMessage = z.output<typeof messagesSchema>[number];
