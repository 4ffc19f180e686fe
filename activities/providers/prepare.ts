// What can be known of a call before it is sent: the options for the AI SDK, the schema, and what this target cannot take.

import type { LanguageModelV3CallOptions } from '@ai-sdk/provider';
import type { Capabilities } from '../../src/domain/capabilities.ts';
import type { CallFailure } from '../../src/domain/failure.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import { type Target, targetName } from '../../src/domain/target.ts';
import { type TargetPrompt, targetPrompt } from '../../src/domain/target-prompt.ts';
import { failureSentence, providerWords } from './errors/classify.ts';
import { schemaCheck } from './json-answer.ts';
import type { Expectation } from './judge.ts';
import { callOptions } from './prompt.ts';
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
  readonly capabilities: Capabilities;
  readonly target: Target;
  readonly prompt: Prompt;
}): PreparedCall {
  const { vendor, target } = input;
  const asked = targetPrompt(input);
  if (asked.type !== 'prompt') return unable(target, asked);
  const { prompt } = asked;
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
    expectation: {
      responseFormat,
      schema,
      strictTools: strictTools(prompt),
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
