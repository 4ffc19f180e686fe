// The error codes of OpenAI's API, which many servers repeat. Only codes and types, so that it holds without a status too.

import type { Fault } from '../vendor.ts';
import type { ErrorWords } from './error-words.ts';

/** Null: no code or type that is known. */
export function classifyOpenaiCode(words: ErrorWords): Fault | null {
  const kind = KINDS[words.code] ?? KINDS[words.type];
  if (!kind) return null;
  return words.param !== null && PARAM_KINDS.has(kind) ? { kind, param: words.param } : { kind };
}

const PARAM_KINDS: ReadonlySet<string> = new Set(['invalid-request', 'unsupported']);

const KINDS: Readonly<Record<string, Fault['kind']>> = {
  rate_limit_exceeded: 'rate-limited',
  rate_limit_error: 'rate-limited',
  rate_limit_reached_error: 'rate-limited',
  slow_down: 'rate-limited',
  insufficient_quota: 'quota-exhausted',
  credit_balance_exhausted: 'quota-exhausted',
  organization_spend_limit_exceeded: 'quota-exhausted',
  project_spend_limit_exceeded: 'quota-exhausted',
  organization_usage_limit_exceeded: 'quota-exhausted',
  billing_hard_limit_reached: 'quota-exhausted',
  server_is_overloaded: 'overloaded',
  service_unavailable_error: 'overloaded',
  overloaded_error: 'overloaded',
  resource_unavailable: 'overloaded',
  server_error: 'server-error',
  internal_server_error: 'server-error',
  context_length_exceeded: 'context-too-long',
  unsupported_parameter: 'unsupported',
  unsupported_value: 'unsupported',
  // The schema itself was checked before: what is refused is this vendor's narrower dialect.
  invalid_json_schema: 'unsupported',
  content_policy_violation: 'content-filtered',
  invalid_prompt: 'content-filtered',
  content_filter: 'content-filtered',
  invalid_api_key: 'auth',
  authentication_error: 'auth',
  permission_error: 'auth',
  unsupported_country_region_territory: 'auth',
  model_not_found: 'model-not-found',
};
