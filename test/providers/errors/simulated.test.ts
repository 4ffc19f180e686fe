// Every situation in every vendor's own words, as the simulator's tables have them.

import { describe, expect, it } from 'vitest';
import type { FailureKind } from '../../../src/domain/failure.ts';
import { errorBody, type Situation } from '../../../src/simulator/error-body.ts';
import type { Wire } from '../../../src/simulator/simulator.ts';
import { classify } from './classify.ts';

const vendors: readonly Wire[] = [
  'openai',
  'anthropic',
  'google',
  'mistral',
  'deepseek',
  'alibaba',
  'groq',
  'xai',
  'together',
  'fireworks',
  'cohere',
  'openrouter',
  'tokenmix',
  'azure',
  'bedrock',
  'vertex',
];

/** One kind for all, and the vendors that differ from it. */
const situations: Readonly<Record<Situation, { all: FailureKind } & Partial<Record<Wire, FailureKind>>>> = {
  'rate-limit': { all: 'rate-limited' },
  'ramp-limit': { all: 'rate-limited', mistral: 'overloaded', azure: 'overloaded' },
  'request-over-limit': { all: 'rate-limited' },
  quota: { all: 'quota-exhausted', mistral: 'auth' },
  billing: { all: 'quota-exhausted', mistral: 'auth' },
  overloaded: { all: 'overloaded', mistral: 'server-error' },
  'server-error': { all: 'server-error', google: 'overloaded', vertex: 'overloaded', deepseek: 'overloaded' },
  'bad-gateway': { all: 'server-error' },
  timeout: {
    all: 'server-error',
    anthropic: 'timeout',
    google: 'timeout',
    vertex: 'timeout',
    xai: 'timeout',
    azure: 'timeout',
    bedrock: 'timeout',
  },
  auth: { all: 'auth' },
  permission: { all: 'auth' },
  'model-not-found': { all: 'model-not-found' },
  'context-too-long': { all: 'context-too-long' },
  'body-too-large': { all: 'context-too-long' },
  'invalid-request': { all: 'invalid-request' },
  'unsupported-parameter': { all: 'unsupported' },
  'content-policy': { all: 'content-filtered' },
};

describe.each(vendors)('an error of %s', (vendor) => {
  it.each(Object.keys(situations) as Situation[])('is understood: %s', async (situation) => {
    const { status, body, headers } = errorBody(vendor, situation);
    const kind = situations[situation][vendor] ?? situations[situation].all;
    const failure = await classify(vendor, [status, body, kind, headers]);
    expect(failure.kind).toBe(kind);
    expect(failure.message).toMatch(new RegExp(`^${vendor}/model .+ \\(HTTP \\d+\\)\\.$`));
  });
});

/** They do not say when to come back. */
const SILENT: ReadonlySet<Wire> = new Set(['deepseek', 'alibaba', 'bedrock']);

describe('a rate limit', () => {
  it.each(vendors.filter((vendor) => !SILENT.has(vendor)))('of %s names its wait', async (vendor) => {
    const { status, body, headers } = errorBody(vendor, 'rate-limit', { retryAfterMs: 3_000 });
    expect(await classify(vendor, [status, body, 'rate-limited', headers])).toMatchObject({ retryAfterMs: 3_000 });
  });
});
