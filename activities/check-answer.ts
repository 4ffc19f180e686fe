// The activity `checkAnswer`: whether what a person gave as the answer has the form that the client asked for.

import type { Prompt } from '../src/domain/prompt.ts';
import { isJson, schemaCheck } from './providers/json-answer.ts';

export interface CheckAnswerInput {
  readonly answer: string;
  readonly responseFormat?: NonNullable<Prompt['responseFormat']>;
}

/** What is wrong, or null. */
export function checkAnswer({ answer, responseFormat }: CheckAnswerInput): string | null {
  if (!responseFormat || responseFormat.type === 'text') return null;
  if (!isJson(answer)) return 'it is no JSON';
  const check = responseFormat.type === 'json-schema' ? schemaCheck(responseFormat.schema) : null;
  return check?.type === 'checker' && !check.isValid(answer) ? 'its JSON does not match the schema' : null;
}
