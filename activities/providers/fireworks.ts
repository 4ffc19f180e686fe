// Fireworks AI's chat completions: open models.

import { compatibleVendor } from './openai-compatible.ts';
import { classifyFireworks } from './errors/fireworks.ts';

export const fireworks = compatibleVendor({
  fields: ({ prompt }) => ({
    // Of a text that is too long it would cut off the beginning: https://docs.fireworks.ai/api-reference/post-chatcompletions
    context_length_exceeded_behavior: 'error',
    prompt_cache_key: prompt.params.promptCacheKey,
  }),
  classify: classifyFireworks,
});
