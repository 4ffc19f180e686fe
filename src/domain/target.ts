// A target: one place that can answer, provider + model + what this target needs to answer alike.

import type { Params } from './prompt.ts';

/** USD per million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** What a batch costs of it: 0.5 is half. Unknown when left out. */
  readonly batch?: number;
}

export interface Target {
  readonly provider: string;
  readonly model: string;
  /** Put before the client's messages at this target only. */
  readonly system?: string;
  /** Override the client's parameters at this target only. */
  readonly params?: Params;
  /** Tokens that fit into one call, input and output together; unknown when left out. */
  readonly contextWindow?: number;
  /** Tokens that it puts out in one call at most; unknown when left out. */
  readonly maxOutputTokens?: number;
  readonly price?: Price;
}

/** The name of a target everywhere: `provider/model`. */
export function targetName(target: Pick<Target, 'provider' | 'model'>): string {
  return `${target.provider}/${target.model}`;
}

/** Splits `provider/model` at its first slash; null when there is no provider or no model in it. */
export function parseTargetName(name: string): { provider: string; model: string } | null {
  const slash = name.indexOf('/');
  if (slash < 1 || slash === name.length - 1) return null;
  return { provider: name.slice(0, slash), model: name.slice(slash + 1) };
}
