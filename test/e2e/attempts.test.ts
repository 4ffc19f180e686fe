// How often the same target is asked: after which failures, how soon, and never more often than the model allows.
// Invariant 4, counted on the wire.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Situation } from '../../src/simulator/error-body.ts';
import type { Fault } from '../../src/simulator/fault.ts';

import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import type { FaultyWire } from './support-faults.ts';
import { expectFailover, faultyProviders, serve, targets } from './support-faults.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ config: faultyProviders });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

describe.concurrent('further attempts at the same target', () => {
  const error = (situation: Situation, retryAfterMs?: number | null): Fault => ({
    type: 'error',
    situation,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
  const limited: readonly FaultyWire[] = ['openai', 'anthropic', 'google', 'mistral'];

  test.each(limited)('follow a rate limit of %s when its hint fits, and not before', async (wire) => {
    const {
      by,
      calls,
      wire: sent,
    } = await serve(service, {
      model: `${wire}-twice`,
      fault: error('rate-limit', 1_000),
      times: 1,
    });
    expect(calls).toEqual([`${targets[wire]} 1 rate-limited`, `${targets[wire]} 2 succeeded`]);
    expect({ by, sent }).toEqual({ by: targets[wire], sent: { [wire]: 2 } });
  });

  test.each(limited)('do not follow a rate limit of %s whose hint does not fit', async (wire) => {
    const startedAt = performance.now();
    await expectFailover(service, { model: `${wire}-twice`, fault: error('rate-limit', 60_000) }, 'rate-limited');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test.each<[name: string, fault: Fault, kind: string]>([
    ['a rate limit without a hint', error('rate-limit', null), 'rate-limited'],
    ['a server error', error('server-error'), 'server-error'],
    ['a gateway error', error('bad-gateway'), 'server-error'],
    ['a web page', { type: 'html' }, 'server-error'],
    ['overload', error('overloaded'), 'overloaded'],
    ['a reset connection', { type: 'reset' }, 'connection?'],
    ['a cut', { type: 'cut' }, 'connection?'],
    ['an empty answer', { type: 'empty' }, 'empty'],
    ['a malformed answer', { type: 'malformed-chunk' }, 'malformed?'],
  ])('follow %s, no more than the model allows', async (_name, fault, kind) => {
    const [recovering, failing] = await Promise.all([
      serve(service, { model: 'anthropic-twice', fault, times: 1 }),
      serve(service, { model: 'anthropic-twice', fault }),
    ]);
    expect(recovering.calls).toEqual([`${targets.anthropic} 1 ${kind}`, `${targets.anthropic} 2 succeeded`]);
    expect(recovering.wire).toEqual({ anthropic: 2 });
    expect(failing.calls).toEqual([
      `${targets.anthropic} 1 ${kind}`,
      `${targets.anthropic} 2 ${kind}`,
      'spare/m 1 succeeded',
    ]);
    expect(failing.wire).toEqual({ anthropic: 2, spare: 1 });
  });

  test.each<[name: string, fault: Fault, kind: string]>([
    ['a used-up quota', error('quota'), 'quota-exhausted'],
    ['a refused key', error('auth'), 'auth'],
    ['an unknown model', error('model-not-found'), 'model-not-found'],
    ['a request larger than the limit', error('request-over-limit'), 'rate-limited'],
    ['a prompt that is too long', error('context-too-long'), 'context-too-long'],
    ['an unsupported parameter', error('unsupported-parameter'), 'unsupported'],
    ['a truncated answer', { type: 'truncated' }, 'truncated'],
  ])('do not follow %s', async (_name, fault, kind) => {
    await expectFailover(service, { model: 'openai-twice', fault }, kind);
  });
});
