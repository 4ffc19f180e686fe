// TokenMix's chat completions: an aggregator that keeps to OpenAI's words.

import { compatibleVendor } from './openai-compatible.ts';
import { classifyTokenmix } from './errors/tokenmix.ts';

export const tokenmix = compatibleVendor({
  finishReasons: { error: 'malformed' },
  classify: classifyTokenmix,
});
