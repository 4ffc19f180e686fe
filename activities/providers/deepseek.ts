// DeepSeek's chat completions. Under load it holds the answer open with keep-alive comments, so only tokens count as life.

import { createDeepSeek } from '@ai-sdk/deepseek';
import { classifyDeepseek } from './errors/deepseek.ts';
import { OpenaiWireReader, openaiFinishReasons, openaiOutputLimit } from './openai-wire.ts';
import type { Vendor } from './vendor.ts';

export const deepseek: Vendor = {
  languageModel: ({ model, baseUrl, apiKey, fetch }) =>
    createDeepSeek({ baseURL: baseUrl, apiKey: apiKey ?? '', fetch }).chat(model),
  providerOptions: ({ prompt }) => ({
    deepseek: {
      ...thinking(prompt.params.reasoningEffort),
      // A name in any other form is refused by the API; it is a hint only, so it is left out.
      ...(prompt.user !== undefined && USER_ID.test(prompt.user) && { userId: prompt.user }),
    },
  }),
  requestIdHeader: 'x-ds-trace-id',
  newReader: (onText) => new OpenaiWireReader(onText),
  outputLimit: openaiOutputLimit,
  finishReasons: { ...openaiFinishReasons, insufficient_system_resource: 'overloaded' },
  classify: classifyDeepseek,
};

const USER_ID = /^[a-zA-Z0-9_-]{1,512}$/;

function thinking(effort: string | undefined): Record<string, string | { type: string }> {
  if (effort === undefined) return {};
  if (effort === 'none') return { thinking: { type: 'disabled' } };
  return { thinking: { type: 'enabled' }, reasoningEffort: effort === 'minimal' ? 'low' : effort };
}
