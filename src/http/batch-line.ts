// One line of a batch's input file, as OpenAI has it. Pure. A fault never repeats what the line says: it may be a prompt.

import { z } from 'zod';
import type { LineFault, LineRules } from '../domain/batch.ts';
import { isRecord, parseJson } from '../domain/json-value.ts';
import type { Prompt } from '../domain/prompt.ts';
import type { BatchBodyFields, BatchLine } from './batch-endpoints.ts';
import { batchEndpoints } from './batch-endpoints.ts';
import { validationError } from './validation.ts';

export type ReadBatchLine = BatchLine | { readonly fault: Omit<LineFault, 'line'> };

const lineSchema = z.strictObject({
  custom_id: z.string().regex(/^[^]{1,512}$/, { error: 'must be a text of 1 to 512 characters' }),
  method: z.literal('POST', { error: 'must be POST' }),
  url: z.string(),
  body: z.unknown(),
});

/** Whether its custom_id is its own the caller has to find out. */
export function readBatchLine(text: string, rules: LineRules): ReadBatchLine {
  const line = parseJson(text);
  if (!isRecord(line)) return fault('invalid_json_line', 'The line is not a JSON object.');
  const parsed = lineSchema.safeParse(line);
  if (!parsed.success) return invalid(parsed.error, line);
  const { custom_id: customId, url } = parsed.data;
  if (url !== rules.endpoint) {
    return fault('mismatched_endpoint', `url must be ${rules.endpoint}, as the batch says.`, 'url');
  }
  if (!isRecord(parsed.data.body)) return fault('invalid_value', 'body must be a JSON object.', 'body');
  const endpoint = batchEndpoints[rules.endpoint];
  const checked = endpoint.schema.safeParse(parsed.data.body);
  if (!checked.success) return invalid(checked.error, parsed.data.body, 'body.');
  const body = checked.data;
  if (body.model !== rules.model) {
    return fault('mismatched_model', 'body.model must be the same in all lines: that of the first one.', 'body.model');
  }
  const unable = endpoint.unable.find((field) => body[field] != null && body[field] !== false);
  if (unable !== undefined) {
    return fault('unsupported_parameter', `body.${unable} is not supported in a batch.`, `body.${unable}`);
  }
  return lineOf({ customId, body }, rules);
}

/** A line that was found to be right before: what has been checked once is taken as it is. */
export function readPlannedLine(text: string, rules: LineRules): BatchLine {
  const line = JSON.parse(text) as { readonly custom_id: string; readonly body: BatchBodyFields };
  return lineOf({ customId: line.custom_id, body: line.body }, rules);
}

function lineOf(line: { readonly customId: string; readonly body: BatchBodyFields }, rules: LineRules): BatchLine {
  const { prompt, render } = batchEndpoints[rules.endpoint].ask(line.body);
  return { customId: line.customId, prompt: expected(prompt, rules), render };
}

function expected(prompt: Prompt, { expect }: LineRules): Prompt {
  return expect ? { ...prompt, expect: [expect, ...(prompt.expect ?? [])] } : prompt;
}

/** The model that a line asks for; the line as a whole is judged when the batch is planned. */
export function modelOfLine(text: string): string | { readonly fault: Omit<LineFault, 'line'> } {
  const line = parseJson(text);
  if (!isRecord(line)) return fault('invalid_json_line', 'The line is not a JSON object.');
  const model = isRecord(line['body']) ? line['body']['model'] : undefined;
  if (typeof model === 'string' && model !== '') return model;
  return fault('missing_required_parameter', 'body.model is missing.', 'body.model');
}

function invalid(error: z.ZodError, data: unknown, prefix = ''): { readonly fault: Omit<LineFault, 'line'> } {
  const { code, message, param } = validationError(error, data).fields;
  return fault(code, `${prefix}${message}`, param == null ? null : `${prefix}${param}`);
}

function fault(
  code: string,
  message: string,
  param: string | null = null,
): { readonly fault: Omit<LineFault, 'line'> } {
  return { fault: { code, message, param } };
}
