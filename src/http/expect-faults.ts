// What is wrong with what a request expects, as an error that names the field. Nothing has been started then.

import type { Expect, ExpectFault } from '../domain/expectation.ts';
import { contradiction } from '../domain/expectation.ts';
import type { Prompt } from '../domain/prompt.ts';
import { ApiError } from './errors.ts';

/** Whether its schema and its pattern are what they ought to be takes libraries that are not for here. */
export type ExpectFaults = (expect: Expect) => readonly ExpectFault[];

/** The prompt with what the model is configured to give; that has been checked at the start. */
export function withExpected(input: {
  readonly prompt: Prompt;
  readonly ofModel: Expect | undefined;
  readonly faultsOf: ExpectFaults;
}): Prompt {
  const { prompt, ofModel, faultsOf } = input;
  const ofRequest = prompt.expect ?? [];
  const expect = [...(ofModel ? [ofModel] : []), ...ofRequest];
  if (expect.length === 0) return prompt;
  const fault = ofRequest.flatMap(faultsOf)[0] ?? contradiction(expect);
  if (!fault) return { ...prompt, expect };
  const param = ['expect', ...fault.path].join('.');
  throw new ApiError({ code: 'invalid_value', message: `${param} ${fault.message}.`, param });
}
