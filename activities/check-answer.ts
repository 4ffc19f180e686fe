// The activity `checkAnswer`: whether what a person gave as the answer has the form that the client asked for.

import type { Prompt } from '../src/domain/prompt.ts';
import { answerCheck } from './expect/answer-check.ts';
import { schemaCheck } from './expect/schema-check.ts';
import { isJson } from './providers/json-answer.ts';

export interface CheckAnswerInput extends Pick<Prompt, 'expect'> {
  readonly answer: string;
  readonly responseFormat?: NonNullable<Prompt['responseFormat']>;
}

/** What is wrong, or null. A person's answer is taken to the letter: nothing of it is repaired. */
export async function checkAnswer({ answer, responseFormat, expect }: CheckAnswerInput): Promise<string | null> {
  if (responseFormat && responseFormat.type !== 'text') {
    if (!isJson(answer)) return 'it is no JSON';
    const check = responseFormat.type === 'json-schema' ? schemaCheck(responseFormat.schema) : null;
    if (check?.type === 'checker' && check.faultOf(answer) !== null) return 'its JSON does not match the schema';
  }
  const check = expect ? await answerCheck(expect) : null;
  // An expectation that is none has failed every call before.
  return check === null || typeof check === 'string' ? null : (check.faultOf(answer)?.because ?? null);
}
