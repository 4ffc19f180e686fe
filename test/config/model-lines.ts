// One model of a configuration file, given by its lines.

import type { ModelSettings } from '../../src/domain/model-settings.ts';
import { load, problemsOf } from './config-file.ts';

export const PROVIDERS = `providers:
  openai: { type: openai, apiKey: k }
  openai-eu: { type: openai, apiKey: k }
  claude: { type: anthropic, apiKey: k }
  gemini: { type: google, apiKey: k }
  local: { type: openai-compatible, baseUrl: "http://127.0.0.1:1/v1" }
`;

/** The settings of the model `m`, of which these are the lines. */
export function settingsOf(...fields: readonly string[]): ModelSettings | undefined {
  return load(`${PROVIDERS}models:\n  m:\n${indented(fields)}`).catalog.models['m']?.settings;
}

/** The problems of that model. It begins in line 8, its first field is in line 9. */
export function problems(...fields: readonly string[]): readonly string[] {
  return problemsOf(`${PROVIDERS}models:\n  m:\n${indented(fields)}`);
}

export function indented(fields: readonly string[]): string {
  return fields.map((field) => `    ${field}\n`).join('');
}

export const HEDGE = ['strategy: hedge', 'targets: [local/a, local/b]'];
export const VOTE = ['strategy: consensus', 'targets: [local/a, local/b, local/c]'];
export const EXACT = [...VOTE, 'compare: { type: exact }'];
