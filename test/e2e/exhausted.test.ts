// What happens when no target of a chain answers: whose failure the client sees, when it is told to come back, and how
// an inference waits for a target to recover. Invariant 5: one deadline, and a failover inside it.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Situation } from '../../src/simulator/error-body.ts';
import type { Fault } from '../../src/simulator/fault.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { callLine } from './support-faults.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    config: (simulator) => {
      const provider = (account: string, wire: 'openai' | 'anthropic') => ({
        type: wire,
        apiKey: `test-key-${account}`,
        baseUrl: simulator.baseUrl(account, wire),
      });
      const pair = { targets: ['one/m1', 'two/m2'], maxAttemptsPerTarget: 1 };
      return {
        providers: { one: provider('one', 'openai'), two: provider('two', 'anthropic') },
        models: {
          pair,
          'pair-twice': { ...pair, maxAttemptsPerTarget: 2 },
          patient: { ...pair, onExhausted: 'wait', deadline: '6s' },
        },
      };
    },
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const CHAT = '/v1/chat/completions';
const error = (situation: Situation, retryAfterMs?: number): Fault => ({
  type: 'error',
  situation,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});
const fail = (account: 'one' | 'two', fault: Fault) => service.simulator.inject({ account, fault });
const NEVER: Fault = { type: 'delay', headersMs: 60_000 };
const wire = () => service.simulator.requests.map(({ account }) => account);

describe('when all targets have failed', () => {
  test.each<[string, Fault, Fault, string[]]>([
    ['by errors', error('server-error'), error('auth'), ['server-error', 'auth']],
    ['by used-up quotas', error('quota'), error('quota'), ['quota-exhausted', 'quota-exhausted']],
    ['some for want of capacity', error('rate-limit'), error('server-error'), ['rate-limited', 'server-error']],
    ['by answers that are not whole', { type: 'empty' }, { type: 'truncated' }, ['empty', 'truncated']],
    ['by errors and a refusal of capacity', error('server-error'), error('overloaded'), ['server-error', 'overloaded']],
  ])('%s, the client gets a 502 that names every call', async (_name, first, second, kinds) => {
    fail('one', first);
    fail('two', second);
    const { status, headers, body } = await service.request(CHAT, { body: chat('pair') });
    expect(status).toBe(502);
    expect(body.error).toMatchObject({ type: 'inference_error', code: 'all_targets_failed', param: null });
    expect(body.error.calls.map(callLine)).toEqual([`one/m1 1 ${kinds[0]}`, `two/m2 1 ${kinds[1]}`]);
    expect(headers.get('x-should-retry')).toBe('false');
    expect(headers.get('retry-after')).toBeNull();
    expect(headers.get('x-holdfast-inference-id')).toBe(body.error.inference_id);
    expect(wire()).toEqual(['one', 'two']);
  });

  test.each<[string, Fault, Fault, string]>([
    ['rate-limited', error('rate-limit', 60_000), error('rate-limit', 7_000), '7'],
    ['overloaded', error('overloaded'), error('overloaded'), '10'],
    ['the one rate-limited, the other overloaded', error('overloaded'), error('rate-limit', 42_000), '42'],
  ])('all %s, the client gets a 503 that says when to come back', async (_name, first, second, seconds) => {
    fail('one', first);
    fail('two', second);
    const { status, headers, body } = await service.request(CHAT, { body: chat('pair') });
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe(seconds);
    expect(headers.get('x-should-retry')).toBe('false');
    expect(body.error.code).toBe('all_targets_failed');
    expect(body.error.calls).toHaveLength(2);
  });

  test('an Idempotency-Key does not invite to a retry either: it would start another attempt', async () => {
    fail('one', error('server-error'));
    fail('two', error('server-error'));
    const { status, headers } = await service.request(CHAT, {
      body: chat('pair'),
      headers: { 'idempotency-key': 'all-failed' },
    });
    expect(status).toBe(502);
    expect(headers.get('x-should-retry')).toBe('false');
  });

  test('what may have been billed is said of each call', async () => {
    fail('one', { type: 'cut' });
    fail('two', error('server-error'));
    const { body } = await service.request(CHAT, { body: chat('pair-twice') });
    expect(body.error.calls.map(callLine)).toEqual([
      'one/m1 1 connection?',
      'one/m1 2 connection?',
      'two/m2 1 server-error',
      'two/m2 2 server-error',
    ]);
    const inference = await service.request(`/v1/inferences/${body.error.inference_id}`);
    expect(inference.body).toMatchObject({ status: 'failed', output: null, target: null });
    expect(inference.body.calls).toEqual(body.error.calls);
    expect(inference.body.error).toMatchObject({ code: 'all_targets_failed', message: body.error.message });
  });
});

describe('the deadline', () => {
  const timed = async (deadline: string) => {
    const startedAt = performance.now();
    const answer = await service.request(CHAT, { body: chat('pair'), headers: { 'x-holdfast-deadline': deadline } });
    return { ...answer, tookMs: performance.now() - startedAt };
  };

  test.each(['1s', '2s'])('of %s leaves time for a failover when the first target is silent', async (deadline) => {
    fail('one', NEVER);
    const { status, headers } = await timed(deadline);
    expect(status).toBe(200);
    expect(headers.get('x-holdfast-target')).toBe('two/m2');
  });

  test('leaves time for a failover when the first target stalls', async () => {
    fail('one', { type: 'stall', keepAliveMs: 100 });
    const { status, headers } = await timed('2s');
    expect(status).toBe(200);
    expect(headers.get('x-holdfast-target')).toBe('two/m2');
  });

  test('passes as a 504 that names every call, and no target is called after it', async () => {
    fail('one', { type: 'stall', keepAliveMs: 100 });
    fail('two', NEVER);
    const { status, headers, body, tookMs } = await timed('2s');
    expect(status).toBe(504);
    expect(tookMs).toBeLessThan(3_500);
    expect(body.error.code).toBe('deadline_exceeded');
    expect(body.error.calls.map(callLine)).toEqual(['one/m1 1 timeout?', 'two/m2 1 timeout?']);
    expect(headers.get('x-should-retry')).toBe('false');
    await eventually(() => service.simulator.requests.every(({ outcome }) => outcome === 'client-gone'));
    expect(wire()).toEqual(['one', 'two']);
    expect((await service.request(`/v1/inferences/${body.error.inference_id}`)).body.status).toBe('failed');
  });

  test('is not waited for when a hint lies behind it', async () => {
    fail('one', error('rate-limit', 5_000));
    fail('two', error('rate-limit', 5_000));
    const startedAt = performance.now();
    const { status } = await service.request(CHAT, {
      body: chat('pair-twice'),
      headers: { 'x-holdfast-deadline': '4s' },
    });
    expect(status).toBe(503);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});

describe('an inference that waits for a target to recover', () => {
  const submit = async (model = 'patient') => (await service.request('/v1/inferences', { body: chat(model) })).body.id;
  const read = async (id: string, query = '') => (await service.request(`/v1/inferences/${id}${query}`)).body;
  const waits = (id: string) => eventually(async () => (await read(id)).status === 'waiting');

  test('is waiting meanwhile, and goes on when one has recovered', async () => {
    const recover = [fail('one', error('server-error')), fail('two', error('overloaded'))];
    const id = await submit();
    await waits(id);
    expect((await read(id)).calls.map(callLine)).toEqual(['one/m1 1 server-error', 'two/m2 1 overloaded']);
    for (const each of recover) each();
    const ended = await read(id, '?wait=20');
    expect(ended.status).toBe('succeeded');
    expect(ended.calls.map(callLine)).toEqual(['one/m1 1 server-error', 'two/m2 1 overloaded', 'one/m1 1 succeeded']);
    const { searchAttributes } = await service.temporal.workflow.getHandle(id).describe();
    expect(searchAttributes).toMatchObject({ HoldfastState: ['running'], HoldfastTarget: ['one/m1'] });
  });

  test('fails at its deadline when none has, with the calls of every round', async () => {
    fail('one', error('server-error'));
    fail('two', error('server-error'));
    const startedAt = performance.now();
    const { status, headers, body } = await service.request(CHAT, { body: chat('patient') });
    const tookMs = performance.now() - startedAt;
    expect(status).toBe(504);
    expect(tookMs).toBeGreaterThan(4_000);
    expect(tookMs).toBeLessThan(7_500);
    expect(headers.get('x-should-retry')).toBe('false');
    expect(body.error.code).toBe('deadline_exceeded');
    expect(body.error.calls.length).toBeGreaterThanOrEqual(4);
    expect(body.error.calls).toHaveLength(service.simulator.requests.length);
  });

  test('is listed as waiting, and can be cancelled meanwhile', async () => {
    fail('one', error('auth'));
    fail('two', error('quota'));
    // Submitted work waits for a day, unless told otherwise: the list may take its time.
    const id = await submit('pair');
    await waits(id);
    await eventually(async () => {
      const { data } = (await service.request('/v1/inferences?status=waiting')).body;
      return data.some((inference: { id: string }) => inference.id === id);
    });
    await service.request(`/v1/inferences/${id}/cancel`, { method: 'POST' });
    const ended = await read(id, '?wait=20');
    expect(ended).toMatchObject({ status: 'cancelled', error: { code: 'inference_cancelled' } });
    expect(ended.calls.map(callLine)).toEqual(['one/m1 1 auth', 'two/m2 1 quota-exhausted']);
  });

  test.each<[string, Fault, number, string]>([
    ['nothing that failed can pass', { type: 'truncated' }, 502, 'all_targets_failed'],
    ['no target knows the model', error('model-not-found'), 502, 'all_targets_failed'],
    ['the request fits nowhere', error('context-too-long'), 400, 'context_length_exceeded'],
  ])('does not wait when %s', async (_name, fault, status, code) => {
    fail('one', fault);
    fail('two', fault);
    const answer = await service.request(CHAT, { body: chat('patient') });
    expect(answer.status).toBe(status);
    expect(answer.body.error.code).toBe(code);
    expect(wire()).toEqual(['one', 'two']);
  });
});
