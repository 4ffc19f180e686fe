// THE table of what vendors' models cannot do, by provider type and model. Only what is documented, or what the AI SDK's
// package for the vendor cannot express: what is not here is tried, and the provider's own refusal fails over.

import type { CapabilityRow } from '../../src/domain/capabilities.ts';
import type { ProviderType } from './registry.ts';

/** Only text goes in. */
const TEXT_ONLY = ['images', 'pdfs', 'audio', 'files'] as const;
const PENALTIES = ['presence-penalty', 'frequency-penalty'] as const;

/** https://platform.openai.com/docs/guides/latest-model, and the parameters of o3 and o4-mini in the API reference. */
const OPENAI: readonly CapabilityRow[] = [
  { lacks: ['files'], maxStops: 4, maxLogprobs: 20 },
  { models: '^(?:o[1-9]|gpt-5(?:-(?!chat)|$))', lacks: ['stop', 'logprobs', ...PENALTIES] },
  { models: '^o[13]-mini', lacks: ['images', 'pdfs'] },
  { models: '^gpt-3\\.5', lacks: ['images', 'pdfs', 'json-schema', 'reasoning-effort'] },
  { models: '^gpt-4', lacks: ['reasoning-effort'] },
  { models: '^gpt-4(?:-|$)', lacks: ['json-schema'] },
];

/** The Gemini models at either address. */
const GEMINI: readonly CapabilityRow[] = [
  { lacks: ['single-tool-calls', 'logprobs'], maxStops: 5 },
  { models: '^gemini-(?:1|2\\.0)', lacks: ['reasoning-effort'] },
];

export const capabilityTable: Readonly<Record<ProviderType, readonly CapabilityRow[]>> = {
  openai: OPENAI,
  // A deployment may have any name, so nothing is known of its model.
  azure: [{ lacks: ['files'], maxStops: 4, maxLogprobs: 20 }],
  anthropic: [{ lacks: ['audio', 'files', 'seed', 'logprobs', 'json', ...PENALTIES] }],
  // Earlier models take only addresses of its own file store: https://ai.google.dev/gemini-api/docs/file-input-methods
  google: [{ models: '^gemini-(?:1|2\\.0)', lacks: ['image-urls'] }, ...GEMINI],
  vertex: GEMINI,
  mistral: [{ lacks: ['audio', 'files', 'logprobs'] }],
  // Structured outputs and a limit to one tool call are not in its API, strict tools at another address only: https://api-docs.deepseek.com/api/create-chat-completion
  deepseek: [
    { lacks: ['single-tool-calls', 'strict-tools', 'seed', 'logprobs', 'json-schema', ...TEXT_ONLY], maxStops: 16 },
  ],
  // https://www.alibabacloud.com/help/en/model-studio/qwen-function-calling, …/qwen-structured-output
  alibaba: [
    { lacks: ['tool-choice-required', 'pdfs', 'files', 'frequency-penalty'] },
    { models: '^(?!qwen3\\.[7-9])', lacks: ['json-schema'] },
    { models: '^qwen-(?:plus|max|turbo|flash|coder)|^qwen3-(?:max|coder)|^qwq', lacks: ['images', 'audio'] },
  ],
  // https://console.groq.com/docs/openai, …/structured-outputs, …/reasoning
  groq: [
    { lacks: ['pdfs', 'audio', 'files', 'logprobs', ...PENALTIES], maxStops: 4 },
    { models: '^(?!openai/gpt-oss|meta-llama/llama-4|moonshotai/kimi-k2)', lacks: ['json-schema'] },
    { models: '^(?!openai/gpt-oss|qwen/)', lacks: ['reasoning-effort'] },
    { models: '^(?:openai/gpt-oss|llama-3|qwen/qwen3-32b|moonshotai/)', lacks: ['images'] },
  ],
  // https://docs.x.ai/docs/guides/reasoning
  xai: [
    { lacks: ['pdfs', 'audio', 'files'], maxStops: 4, maxLogprobs: 8 },
    { models: '^grok-(?:[4-9]|3-mini|build|code)(?!.*non-reasoning)', lacks: ['stop', ...PENALTIES] },
    { models: '^grok-(?:2|3(?!-mini)|4(?:-|$)|code)|non-reasoning', lacks: ['reasoning-effort'] },
  ],
  // Its log probabilities have a form of their own: https://docs.together.ai/docs/logprobs
  together: [{ lacks: ['pdfs', 'audio', 'files', 'logprobs'] }],
  fireworks: [{ lacks: ['pdfs', 'audio', 'files'], maxStops: 4, maxLogprobs: 5 }],
  // https://docs.cohere.com/reference/chat
  cohere: [
    { lacks: ['single-tool-calls', 'pdfs', 'audio', 'files', 'logprobs'], maxStops: 5 },
    { models: '^(?!.*vision|command-a-plus|c4ai-aya-vision)', lacks: ['images'] },
    { models: '^(?!.*reasoning)', lacks: ['reasoning-effort'] },
  ],
  openrouter: [{ lacks: ['files'], maxStops: 4, maxLogprobs: 20 }],
  tokenmix: [{ lacks: ['files'], maxStops: 4, maxLogprobs: 20 }],
  // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
  bedrock: [
    // What the API calls structured output is a tool of the AI SDK's making with most models.
    { lacks: ['image-urls', 'audio', 'seed', 'logprobs', 'json', 'json-schema', ...PENALTIES] },
    { models: '^(?!.*anthropic\\.)', lacks: ['single-tool-calls'] },
    {
      models: 'anthropic\\.claude-(?:3|v|instant)|amazon\\.nova-(?:micro|lite|pro|premier)',
      lacks: ['reasoning-effort'],
    },
    { models: 'titan-text|nova-micro|mistral-7b|mixtral|llama3-[18]', lacks: ['images'] },
  ],
  'openai-compatible': [{ lacks: ['files'] }],
  simulated: [{ lacks: ['files'] }],
};
