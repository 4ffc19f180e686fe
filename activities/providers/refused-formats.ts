// Response formats that a target has refused, as this worker remembers it: a server that takes none is not asked with it
// over and over. Forgotten with the process; a target that learns the format meanwhile loses nothing but its help.

import type { ResponseFormat } from '../../src/domain/prompt.ts';
import type { CallFailure } from '../../src/domain/failure.ts';
import type { ProviderSettings } from './registry.ts';

interface Sent {
  readonly settings: ProviderSettings;
  readonly model: string;
  readonly format: ResponseFormat | undefined;
}

export function isRefused(sent: Sent): boolean {
  return refused.get(sent.settings)?.has(keyOf(sent)) === true;
}

export function noteRefused(sent: Sent): void {
  const kept = refused.get(sent.settings) ?? new Set();
  // Schemas may be new each time.
  if (kept.size >= MAX_KEPT) kept.clear();
  refused.set(sent.settings, kept.add(keyOf(sent)));
}

const MAX_KEPT = 200;
const refused = new WeakMap<ProviderSettings, Set<string>>();

function keyOf({ model, format }: Sent): string {
  return JSON.stringify([model, format]);
}

/** The provider's words or the parameter that it names tell that the format is what it does not take. */
export function isAboutFormat({ kind, param = '', providerMessage = '' }: CallFailure): boolean {
  return (kind === 'unsupported' || kind === 'invalid-request') && FORMAT.test(`${param} ${providerMessage}`);
}

const FORMAT =
  /response[_ ]?format|output[_ ]?(?:format|config)|json[_ ]?(?:schema|object)|response_?(?:json_?)?schema|response_?mime|structured[_ ]?outputs?|guided[_ ]?json|\bgrammar\b/i;
