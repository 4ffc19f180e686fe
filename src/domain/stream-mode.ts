// How an answer is streamed: as its tokens come, or when it has been judged complete. Pure.

import type { ModelSettings } from './model-settings.ts';
import type { Prompt } from './prompt.ts';

/** `live` passes tokens on as they come; `verified` sends them when the answer has been accepted. */
export type StreamMode = 'live' | 'verified';

/** Agreement needs whole answers, and what is checked is not shown before, unless somebody has asked for it. */
export function streamMode(stream: {
  readonly strategy: ModelSettings['strategy'];
  readonly prompt: Prompt;
  /** The request's own word. */
  readonly asked: StreamMode | undefined;
  /** The model's. */
  readonly configured: StreamMode | undefined;
}): StreamMode {
  const { strategy, prompt, asked, configured } = stream;
  if (strategy === 'consensus') return 'verified';
  return asked ?? configured ?? (isChecked(prompt) ? 'verified' : 'live');
}

function isChecked({ responseFormat }: Prompt): boolean {
  return responseFormat !== undefined && responseFormat.type !== 'text';
}
