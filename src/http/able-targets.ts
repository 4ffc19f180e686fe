// Leaves out of a chain or a race whoever is known not to be able to take the request, before anything is started, and
// refuses a request that nobody can take. Pure.

import type { Capabilities } from '../domain/capabilities.ts';
import { capabilitiesOf } from '../domain/capabilities.ts';
import type { Catalog } from '../domain/catalog.ts';
import type { ModelSettings } from '../domain/model-settings.ts';
import type { Prompt } from '../domain/prompt.ts';
import type { Target } from '../domain/target.ts';
import { targetName } from '../domain/target.ts';
import type { TargetPrompt } from '../domain/target-prompt.ts';
import { targetPrompt } from '../domain/target-prompt.ts';
import { ApiError } from './errors.ts';

export function ableTargets(input: {
  readonly settings: ModelSettings;
  readonly prompt: Prompt;
  readonly catalog: Catalog;
  /** What the way in calls a parameter of chat completions. @default the same */
  readonly fieldOf?: (param: string) => string;
}): ModelSettings {
  const { settings, prompt, catalog, fieldOf = (param) => param } = input;
  const looked = settings.targets.map((target) => ({
    target,
    asked: targetPrompt({ prompt, target, capabilities: capabilitiesAt(catalog, target) }),
  }));
  const able = looked.flatMap(({ target, asked }) => (asked.type === 'prompt' ? [target] : []));
  if (able.length === 0) throw nobodyCan(looked.flatMap(unable), fieldOf);
  // A vote's legs are counted: one that cannot answer is a vote that is missing, and is said to be so.
  return settings.strategy === 'consensus' || able.length === looked.length ? settings : { ...settings, targets: able };
}

function capabilitiesAt({ providers }: Catalog, { provider, model }: Target): Capabilities {
  const rows = Object.hasOwn(providers, provider) ? providers[provider]?.capabilities : undefined;
  return capabilitiesOf(rows ?? [], model);
}

interface Unable {
  readonly target: Target;
  readonly asked: Exclude<TargetPrompt, { readonly type: 'prompt' }>;
}

function unable({ target, asked }: { readonly target: Target; readonly asked: TargetPrompt }): readonly Unable[] {
  return asked.type === 'prompt' ? [] : [{ target, asked }];
}

function nobodyCan(all: readonly Unable[], fieldOf: (param: string) => string): ApiError {
  const unsupported = all.flatMap(({ asked }) => (asked.type === 'unsupported' ? [asked] : []))[0];
  const reasons = all.map(({ target, asked }) => `${targetName(target)} ${reasonOf(target, asked, fieldOf)}`);
  return new ApiError({
    code: unsupported ? 'unsupported_parameter' : 'context_length_exceeded',
    message: `No target can take this request: ${[...new Set(reasons)].join('; ')}. Nothing was started.`,
    param: fieldOf(unsupported?.param ?? 'messages'),
  });
}

function reasonOf({ contextWindow }: Target, asked: Unable['asked'], fieldOf: (param: string) => string): string {
  return asked.type === 'unsupported'
    ? `does not support ${asked.what} (${fieldOf(asked.param)})`
    : `holds ${contextWindow} tokens, and it has more`;
}
