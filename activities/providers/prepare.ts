// What can be known of a call before it is sent: the options for the AI SDK, the schema, and what this target cannot take.

import type { LanguageModelV3CallOptions } from '@ai-sdk/provider';
import type { Capabilities, JsonForm } from '../../src/domain/capabilities.ts';
import type { CallFailure } from '../../src/domain/failure.ts';
import type { Prompt, ResponseFormat } from '../../src/domain/prompt.ts';
import { type Target, targetName } from '../../src/domain/target.ts';
import { type TargetPrompt, targetPrompt } from '../../src/domain/target-prompt.ts';
import { answerCheck } from '../expect/answer-check.ts';
import { schemaCheck } from '../expect/schema-check.ts';
import { failureSentence, providerWords } from './errors/classify.ts';
import type { Expectation } from './judge.ts';
import { callOptions } from './prompt.ts';
import { withToldFormat } from './told-format.ts';
import type { Vendor } from './vendor.ts';

export type PreparedCall =
  | {
      readonly type: 'ready';
      readonly options: LanguageModelV3CallOptions;
      /** The response format that goes out, beside what is told in words. */
      readonly sentFormat: ResponseFormat | undefined;
      readonly expectation: Omit<Expectation, 'outputLimit' | 'isClientsLimit'>;
    }
  | { readonly type: 'failed'; readonly failure: CallFailure };

export async function prepareCall(input: {
  readonly vendor: Vendor;
  readonly capabilities: Capabilities;
  readonly target: Target;
  readonly prompt: Prompt;
}): Promise<PreparedCall> {
  const { vendor, capabilities, target } = input;
  const { responseFormat, expect } = input.prompt;
  const asked = targetPrompt(input);
  if (asked.type !== 'prompt') return unable(target, asked);
  const native = JSON_FORMS.filter((form) => !capabilities.lacks.has(form));
  const prompt = withToldFormat(asked.prompt, native);
  const converted = callOptions(prompt, vendor.imageOptions);
  if (converted.type === 'invalid') return invalid({ target, ...converted });
  const schema = responseFormat?.type === 'json-schema' ? schemaCheck(responseFormat.schema) : null;
  if (schema?.type === 'invalid') {
    return invalid({ target, param: 'response_format.json_schema.schema', because: schema.because });
  }
  const check = expect ? await answerCheck(expect) : null;
  if (typeof check === 'string') return invalid({ target, param: 'expect', because: check });
  const providerOptions = vendor.providerOptions({ model: target.model, prompt });
  return {
    type: 'ready',
    options: { ...converted.options, providerOptions },
    sentFormat: prompt.responseFormat,
    expectation: {
      responseFormat,
      schema,
      check,
      strictTools: strictTools(input.prompt),
      wantsLogprobs: prompt.params.logprobs !== undefined,
      contextWindow: target.contextWindow ?? null,
    },
  };
}

/** Few APIs keep a model to a tool's schema, so the arguments are looked at when they have come. */
function strictTools({ tools = [] }: Prompt): Expectation['strictTools'] {
  const strict = tools.flatMap(({ name, parameters, strict: isStrict }) => {
    const check = isStrict && parameters ? schemaCheck(parameters) : null;
    // What is no schema to us may be one to the provider, which says so.
    return check?.type === 'checker' ? [[name, check] as const] : [];
  });
  return new Map(strict);
}

/** It slipped through, as the target was not left out of the chain: it named itself in a vote, or an old inference runs on. */
function unable(target: Target, asked: Exclude<TargetPrompt, { readonly type: 'prompt' }>): PreparedCall {
  const kind = asked.type === 'unsupported' ? 'unsupported' : 'context-too-long';
  const what = asked.type === 'unsupported' ? ` (${asked.what})` : ' by any count, and was not called';
  const message = `${targetName(target)} ${failureSentence(kind)}${what}.`;
  return {
    type: 'failed',
    failure: { kind, message, param: asked.type === 'unsupported' ? asked.param : 'messages' },
  };
}

const JSON_FORMS: readonly JsonForm[] = ['json', 'json-schema'];

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
