// The prompt as one target is asked it: with the target's own words and parameters, and within its limits.

import type { Capabilities } from './capabilities.ts';
import { type Inability, inabilityOf, withoutHints } from './capabilities.ts';
import type { Prompt } from './prompt.ts';
import type { Target } from './target.ts';
import { roomForOutput } from './token-estimate.ts';

export type TargetPrompt =
  | { readonly type: 'prompt'; readonly prompt: Prompt }
  /** The target is known not to be able to take it. */
  | ({ readonly type: 'unsupported' } & Inability)
  | { readonly type: 'too-long' };

export function targetPrompt(input: {
  readonly prompt: Prompt;
  readonly target: Target;
  readonly capabilities: Capabilities;
}): TargetPrompt {
  const { target, capabilities } = input;
  const prompt = withOverrides(input.prompt, target);
  const inability = inabilityOf(prompt, capabilities);
  if (inability) return { type: 'unsupported', ...inability };
  const room = roomForOutput(prompt, target);
  if (room < 1) return { type: 'too-long' };
  return { type: 'prompt', prompt: withLimit(withoutHints(prompt, capabilities), room) };
}

function withOverrides(prompt: Prompt, { system, params }: Target): Prompt {
  return {
    ...prompt,
    ...(system !== undefined && { messages: [{ role: 'system', text: system }, ...prompt.messages] }),
    ...(params && { params: { ...prompt.params, ...params } }),
  };
}

/** Providers refuse a limit above their own. Where the client sets none, theirs is left to them. */
function withLimit(prompt: Prompt, room: number): Prompt {
  const { maxTokens } = prompt.params;
  return maxTokens === undefined || maxTokens <= room
    ? prompt
    : { ...prompt, params: { ...prompt.params, maxTokens: room } };
}
