// Together AI's chat completions: open models.

import { compatibleVendor } from './openai-compatible.ts';
import { classifyTogether } from './errors/together.ts';

export const together = compatibleVendor({
  // Models that are served by an older engine end with its word.
  finishReasons: { eos: 'stop' },
  classify: classifyTogether,
});
