// What can be known of a call before it is sent: the options for the AI SDK, the schema, and what this target cannot take.

import type { LanguageModelV3CallOptions } from '@ai-sdk/provider';
import type { CallFailure } from '../../src/domain/failure.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import { type Target, targetName } from '../../src/domain/target.ts';
import { failureSentence, providerWords } from './errors/classify.ts';
import { schemaCheck } from './json-answer.ts';
import type { Expectation } from './judge.ts';
import { callOptions, hasImageUrl, promptFor } from './prompt.ts';
import type { Vendor } from './vendor.ts';

export type PreparedCall =
  | {
      readonly type: 'ready';
      readonly options: LanguageModelV3CallOptions;
      readonly expectation: Omit<Expectation, 'outputLimit' | 'isClientsLimit'>;
    }
  | { readonly type: 'failed'; readonly failure: CallFailure };

export function prepareCall(input: {
  readonly vendor: Vendor;
  readonly target: Target;
  readonly prompt: Prompt;
}): PreparedCall {
  const { vendor, target } = input;
  const prompt = promptFor(input.prompt, target);
  if (!vendor.takesImageUrls && hasImageUrl(prompt)) {
    const message = `${targetName(target)} ${failureSentence('unsupported')} (images by address).`;
    return { type: 'failed', failure: { kind: 'unsupported', message, param: 'messages' } };
  }
  const converted = callOptions(prompt, vendor.imageOptions);
  if (converted.type === 'invalid') return invalid({ target, ...converted });
  const { responseFormat } = prompt;
  const schema = responseFormat?.type === 'json-schema' ? schemaCheck(responseFormat.schema) : null;
  if (schema?.type === 'invalid') {
    return invalid({ target, param: 'response_format.json_schema.schema', because: schema.because });
  }
  const providerOptions = vendor.providerOptions({ model: target.model, prompt });
  return {
    type: 'ready',
    options: { ...converted.options, providerOptions },
    expectation: { responseFormat, schema, contextWindow: target.contextWindow ?? null },
  };
}

/** What exactly is wrong may quote the request, so it goes where the provider's words go. */
function invalid(fault: { readonly target: Target; readonly param: string; readonly because: string }): PreparedCall {
  const { target, param, because } = fault;
  const providerMessage = providerWords(`${param}: ${because}`);
  return {
    type: 'failed',
    failure: {
      kind: 'invalid-request',
      message: `The request is invalid at ${param}; ${targetName(target)} was not called.`,
      param,
      ...(providerMessage !== undefined && { providerMessage }),
    },
  };
}
