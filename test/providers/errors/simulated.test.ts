// Every situation in every vendor's own words, as the simulator's tables have them.

import { describe, expect, it } from 'vitest';
import type { FailureKind } from '../../../src/domain/failure.ts';
import { errorBody, type Situation } from '../../../src/simulator/error-body.ts';
import { classify } from './classify.ts';

type VendorType = 'openai' | 'anthropic' | 'google' | 'mistral' | 'deepseek';
const vendors: readonly VendorType[] = ['openai', 'anthropic', 'google', 'mistral', 'deepseek'];

/** One kind for all, and the vendors that differ from it. */
const situations: Readonly<Record<Situation, { all: FailureKind } & Partial<Record<VendorType, FailureKind>>>> = {
  'rate-limit': { all: 'rate-limited' },
  'ramp-limit': { all: 'rate-limited', mistral: 'overloaded' },
  'request-over-limit': { all: 'rate-limited' },
  quota: { all: 'quota-exhausted', mistral: 'auth' },
  billing: { all: 'quota-exhausted', mistral: 'auth' },
  overloaded: { all: 'overloaded', mistral: 'server-error' },
  'server-error': { all: 'server-error', google: 'overloaded', deepseek: 'overloaded' },
  'bad-gateway': { all: 'server-error' },
  timeout: { all: 'server-error', anthropic: 'timeout', google: 'timeout' },
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

describe('a rate limit', () => {
  it.each(vendors.filter((vendor) => vendor !== 'deepseek'))('of %s names its wait', async (vendor) => {
    const { status, body, headers } = errorBody(vendor, 'rate-limit', { retryAfterMs: 3_000 });
    expect(await classify(vendor, [status, body, 'rate-limited', headers])).toMatchObject({ retryAfterMs: 3_000 });
  });
});
