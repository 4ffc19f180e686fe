// A Temporal server that is silent, gone or killed: nobody waits for it longer than 2 s, nothing is started twice, and
// what was accepted is answered in the end. Invariant 2.

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestRequest, TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { temporalServerPid } from '../support/worker-process.ts';
import { callLine } from './support-faults.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
  // The first request loads what later ones find loaded: it is no part of what is measured.
  await service.request(CHAT, { body: chat('single') });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const CHAT = '/v1/chat/completions';
const SUBMIT = '/v1/inferences';
/** 2 s, and what a busy machine adds. */
const LIMIT_MS = 2_500;

const server = () => temporalServerPid(service.dataDir);
const get = async (id: string, query = '') => (await service.request(`${SUBMIT}/${id}${query}`)).body;

async function whileSilent<T>(act: () => Promise<T>): Promise<T> {
  const pid = server();
  process.kill(pid, 'SIGSTOP');
  try {
    return await act();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function timed(path: string, request: TestRequest = {}) {
  const startedAt = performance.now();
  const answer = await service.request(path, request);
  return { ...answer, tookMs: performance.now() - startedAt };
}

describe('while Temporal is silent', () => {
  test('everything that needs it is a 503 within 2 s, and the rest goes on', async () => {
    const { body: earlier } = await service.request(SUBMIT, { body: chat('single'), headers: { prefer: 'wait=20' } });
    await whileSilent(async () => {
      const path = `${SUBMIT}/${earlier.id}`;
      const answers = await Promise.all([
        timed(path),
        timed(`${path}?wait=10`),
        timed(SUBMIT),
        timed(`${SUBMIT}?idempotency_key=any`),
        timed(`${path}/cancel`, { method: 'POST' }),
        timed(`${path}/replay`, { method: 'POST' }),
      ]);
      for (const { status, headers, body, tookMs } of answers) {
        expect({ status, code: body.error.code }).toEqual({ status: 503, code: 'temporal_unavailable' });
        expect(tookMs).toBeLessThan(LIMIT_MS);
        expect(headers.get('retry-after')).toBe('1');
        // Reading, cancelling and replaying once more do no harm.
        expect(headers.get('x-should-retry')).toBe('true');
      }
      const ready = await timed('/readyz');
      expect(ready).toMatchObject({ status: 503, body: { error: { code: 'not_ready' } } });
      expect(ready.tookMs).toBeLessThan(LIMIT_MS);
      for (const each of ['/healthz', '/v1/models', '/v1/targets', '/openapi.json']) {
        expect((await timed(each)).status).toBe(200);
      }
    });
    await eventually(async () => (await service.request('/readyz')).status === 200);
    expect(await get(earlier.id)).toEqual(earlier);
  });

  test.each([
    CHAT,
    SUBMIT,
  ])('a start at %s is a 503 with the id that it may have, and no second one follows', async (path) => {
    const keyed = { body: chat('single'), headers: { 'idempotency-key': randomUUID() } };
    const [plain, withKey] = await whileSilent(() =>
      Promise.all([timed(path, { body: chat('single') }), timed(path, keyed)]),
    );
    for (const { status, body, headers, tookMs } of [plain, withKey]) {
      expect({ status, code: body.error.code }).toEqual({ status: 503, code: 'temporal_unavailable' });
      expect(tookMs).toBeLessThan(LIMIT_MS);
      expect(body.error.inference_id).toMatch(/^inf-/);
      expect(body.error.message).toContain(`GET /v1/inferences/${body.error.inference_id}`);
      expect(headers.get('x-holdfast-inference-id')).toBe(body.error.inference_id);
    }
    expect(plain.headers.get('x-should-retry')).toBe('false');
    expect(withKey.headers.get('x-should-retry')).toBe('true');

    const repeated = await eventually(async () => {
      const answer = await service.request(path, { ...keyed, headers: { ...keyed.headers, prefer: 'wait=20' } });
      return answer.status === 200 ? answer : null;
    });
    expect(repeated.body.id).toBe(withKey.body.error.inference_id);
    // The starts that were silent may have arrived after all: each of them once.
    const plainId = plain.body.error.inference_id;
    const arrived = (await service.request(`${SUBMIT}/${plainId}?wait=20`)).status === 200 ? 1 : 0;
    expect(service.simulator.requests).toHaveLength(1 + arrived);
  });

  test('clients who wait go on waiting, and get their answers', async () => {
    service.simulator.inject({ fault: { type: 'delay', headersMs: 1_000 } });
    const { body: submitted } = await service.request(SUBMIT, { body: chat('single') });
    const answer = service.request(CHAT, { body: chat('single') });
    const polled = get(submitted.id, '?wait=30');
    await eventually(() => service.simulator.requests.length === 2);
    await whileSilent(() =>
      eventually(() => service.simulator.requests.every(({ outcome }) => outcome === 'answered')),
    );
    expect(await answer).toMatchObject({ status: 200, body: { object: 'chat.completion' } });
    expect(await polled).toMatchObject({ status: 'succeeded' });
    expect(service.simulator.requests).toHaveLength(2);
  });
});

describe('when Temporal is killed', () => {
  test('it is started again, and what was under way is answered, once', { timeout: 60_000 }, async () => {
    service.simulator.inject({ fault: { type: 'delay', headersMs: 1_500 } });
    const waiting = service.request(CHAT, { body: chat('chain') });
    const submitted = await service.request(SUBMIT, { body: chat('chain') });
    await eventually(() => service.simulator.requests.length === 2);
    const killed = server();
    process.kill(killed, 'SIGKILL');

    const meanwhile = await timed(SUBMIT, { body: chat('chain') });
    expect(meanwhile.tookMs).toBeLessThan(LIMIT_MS);
    if (meanwhile.status !== 202) expect(meanwhile.status).toBe(503);

    const { status, headers } = await waiting;
    expect(status).toBe(200);
    const own = headers.get('x-holdfast-inference-id') ?? '';
    for (const id of [own, submitted.body.id]) {
      const ended = await eventually(async () => {
        const { body } = await service.request(`${SUBMIT}/${id}?wait=20`);
        return body.ended_at ? body : null;
      }, 30_000);
      expect(ended.status).toBe('succeeded');
      expect(ended.calls.map(callLine)).toEqual(['one/m1 1 succeeded']);
    }
    expect(server()).not.toBe(killed);
    expect(service.temporalAddress).toMatch(/:\d+$/);
  });

  test('what had ended before is still there', { timeout: 60_000 }, async () => {
    const { body } = await service.request(SUBMIT, { body: chat('chain'), headers: { prefer: 'wait=20' } });
    process.kill(server(), 'SIGKILL');
    const read = await eventually(async () => {
      const answer = await service.request(`${SUBMIT}/${body.id}`);
      return answer.status === 200 ? answer.body : null;
    }, 30_000);
    expect(read).toEqual(body);
  });
});
