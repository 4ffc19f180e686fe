// Every fault that a simulated provider can have, end to end: what the client gets, who is called how often, and what
// is recorded of it. Invariant 1: nothing truncated, empty or cut is ever a success.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Situation } from '../../src/simulator/error-body.ts';
import type { Fault } from '../../src/simulator/fault.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import type { FaultyWire } from './support-faults.ts';
import { expectFailover, faultyProviders, serve, targets, wires } from './support-faults.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ config: faultyProviders });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

describe.concurrent("a provider's error fails over under its kind", () => {
  const kinds: Record<Exclude<Situation, 'invalid-request' | 'content-policy'>, string | Record<FaultyWire, string>> = {
    'rate-limit': 'rate-limited',
    'ramp-limit': { ...all('rate-limited'), mistral: 'overloaded' },
    'request-over-limit': 'rate-limited',
    quota: { ...all('quota-exhausted'), mistral: 'auth' },
    billing: { ...all('quota-exhausted'), mistral: 'auth' },
    overloaded: { ...all('overloaded'), mistral: 'server-error' },
    'server-error': { ...all('server-error'), google: 'overloaded', deepseek: 'overloaded' },
    'bad-gateway': 'server-error',
    timeout: { ...all('server-error'), anthropic: 'timeout', google: 'timeout' },
    auth: 'auth',
    permission: 'auth',
    'model-not-found': 'model-not-found',
    'context-too-long': 'context-too-long',
    'body-too-large': 'context-too-long',
    'unsupported-parameter': 'unsupported',
  };
  const cases = Object.entries(kinds).flatMap(([situation, kind]) =>
    wires.map((wire) => [situation as Situation, wire, typeof kind === 'string' ? kind : kind[wire]] as const),
  );
  test.each(cases)('%s of %s: %s', async (situation, wire, kind) => {
    await expectFailover(service, { model: wire, fault: { type: 'error', situation } }, kind);
  });
});

function all(kind: string): Record<FaultyWire, string> {
  return { openai: kind, anthropic: kind, google: kind, mistral: kind, deepseek: kind };
}

describe.concurrent('an answer that is not whole fails over under its kind', () => {
  const everywhere: readonly (readonly [name: string, fault: Fault, kind: string, model?: string])[] = [
    ['cut in its middle', { type: 'cut' }, 'connection?'],
    ['ended in its middle', { type: 'end-early' }, 'connection?'],
    ['ended before its first token', { type: 'end-early', afterChunks: 0 }, 'connection?'],
    ['with a chunk that is not JSON', { type: 'malformed-chunk' }, 'malformed?'],
    ['with a web page in its place', { type: 'html' }, 'server-error'],
    ['reset before its headers', { type: 'reset' }, 'connection?'],
    ['with nothing in it', { type: 'empty' }, 'empty'],
    ["truncated at the provider's default limit", { type: 'truncated' }, 'truncated'],
    ["truncated at the target's own limit", { type: 'truncated' }, 'truncated', 'limited'],
    ["cut as a stop at the target's own limit", { type: 'cut-as-stop' }, 'truncated', 'limited'],
    ['stalled behind keep-alives', { type: 'stall', keepAliveMs: 200 }, 'stalled?', 'impatient'],
    ['stalled in silence', { type: 'stall' }, 'stalled?', 'impatient'],
    ['without headers', { type: 'delay', headersMs: 60_000 }, 'first-token-timeout?', 'impatient'],
    [
      'without a first token, behind keep-alives',
      { type: 'delay', firstTokenMs: 60_000, keepAliveMs: 200 },
      'first-token-timeout?',
      'impatient',
    ],
    ['that goes on for too long', { type: 'delay', tokenMs: 700 }, 'timeout?', 'impatient'],
  ];
  const cases = wires.flatMap((wire) =>
    everywhere.map(([name, fault, kind, model]) => ({ name, wire, fault, kind, model })),
  );
  test.each(cases)('$name, of $wire: $kind', async ({ wire, fault, kind, model }) => {
    await expectFailover(service, { model: model ? `${wire}-${model}` : wire, fault }, kind);
  });

  test.each<[FaultyWire, Situation, number, string]>([
    ['openai', 'overloaded', 3, 'overloaded?'],
    ['openai', 'overloaded', 0, 'overloaded'],
    ['openai', 'rate-limit', 3, 'rate-limited?'],
    ['anthropic', 'overloaded', 3, 'overloaded?'],
    ['anthropic', 'overloaded', 0, 'overloaded'],
    ['google', 'overloaded', 3, 'overloaded?'],
    ['mistral', 'server-error', 3, 'server-error?'],
    ['deepseek', 'overloaded', 3, 'overloaded?'],
  ])('of %s with the error %s after %i chunks of a 200: %s', async (wire, situation, afterChunks, kind) => {
    await expectFailover(service, { model: wire, fault: { type: 'error-in-200', situation, afterChunks } }, kind);
  });

  test.each<[FaultyWire, string | null, string]>([
    ['openai', null, 'malformed'],
    ['openai', 'gibberish', 'malformed'],
    ['anthropic', null, 'malformed'],
    ['anthropic', 'pause_turn', 'malformed'],
    ['anthropic', 'model_context_window_exceeded', 'truncated'],
    ['google', null, 'connection?'],
    ['google', 'OTHER', 'malformed'],
    ['google', 'FINISH_REASON_UNSPECIFIED', 'malformed'],
    ['google', 'MALFORMED_FUNCTION_CALL', 'malformed'],
    ['mistral', null, 'malformed'],
    ['mistral', 'model_length', 'truncated'],
    ['mistral', 'error', 'malformed'],
    ['deepseek', 'insufficient_system_resource', 'overloaded'],
  ])('of %s with the finish reason %s: %s', async (wire, reason, kind) => {
    await expectFailover(service, { model: wire, fault: { type: 'finish', reason } }, kind);
  });

  test('of anthropic that stops exactly at the ceiling of tokens that went out by itself: truncated', async () => {
    await expectFailover(service, { model: 'anthropic', fault: { type: 'cut-as-stop' } }, 'truncated');
  });
});

describe.concurrent('JSON that was asked for', () => {
  const schema = {
    type: 'object',
    properties: { summary: { type: 'string' }, risk: { type: 'integer' } },
    required: ['summary', 'risk'],
    additionalProperties: false,
  };
  const body = { response_format: { type: 'json_schema', json_schema: { name: 'report', schema } } };

  test.each(wires)('of %s is accepted when it matches the schema', async (wire) => {
    const { status, by, body: answer } = await serve(service, { model: wire, fault: null, body });
    expect({ status, by }).toEqual({ status: 200, by: targets[wire] });
    expect(JSON.parse(answer.choices[0].message.content)).toMatchObject({ risk: expect.any(Number) });
  });

  test.each(wires)('of %s that does not match the schema fails over', async (wire) => {
    await expectFailover(service, { model: wire, fault: { type: 'wrong-json' }, body }, 'schema-invalid');
  });

  test.each(wires)('of %s that is no JSON at all fails over', async (wire) => {
    await expectFailover(
      service,
      { model: wire, fault: { type: 'answer', text: 'Here you are.' }, body },
      'schema-invalid',
    );
  });

  test.each(wires)('of %s that is left open fails over as truncated, although it claims to be whole', async (wire) => {
    const fault: Fault = { type: 'cut-as-stop', outputTokens: 7 };
    await expectFailover(service, { model: wire, fault, body }, 'truncated');
  });

  test.each(wires)('of %s in a Markdown fence is accepted without the fence', async (wire) => {
    const { status, by, body: answer } = await serve(service, { model: wire, fault: { type: 'fenced-json' }, body });
    expect({ status, by }).toEqual({ status: 200, by: targets[wire] });
    expect(JSON.parse(answer.choices[0].message.content)).toMatchObject({ risk: expect.any(Number) });
  });

  test('of an older model of anthropic, asked for by way of a tool, is accepted as text', async () => {
    const { status, body: answer } = await serve(service, { model: 'anthropic/claude-3-haiku', fault: null, body });
    expect(status).toBe(200);
    expect(JSON.parse(answer.choices[0].message.content)).toMatchObject({ risk: expect.any(Number) });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop' });
    expect(answer.choices[0].message).not.toHaveProperty('tool_calls');
  });

  test('is asked for once more at the same target', async () => {
    const { by, calls } = await serve(service, {
      model: 'openai-twice',
      fault: { type: 'wrong-json' },
      times: 1,
      body,
    });
    expect(calls).toEqual(['openai/m 1 schema-invalid', 'openai/m 2 succeeded']);
    expect(by).toBe('openai/m');
  });
});

describe.concurrent("at the client's own max_tokens", () => {
  test.each(wires)('%s is cut as asked: 200 with finish_reason length', async (wire) => {
    const {
      status,
      by,
      wire: sent,
      body,
    } = await serve(service, {
      model: wire,
      fault: null,
      body: { max_tokens: 5 },
    });
    expect({ status, by, sent }).toEqual({ status: 200, by: targets[wire], sent: { [wire]: 1 } });
    expect(body.choices[0].finish_reason).toBe('length');
    expect(body.usage.completion_tokens).toBe(5);
  });

  test.each(wires)('%s that cuts long before it is a failure', async (wire) => {
    await expectFailover(
      service,
      { model: wire, fault: { type: 'truncated' }, body: { max_tokens: 4_000 } },
      'truncated',
    );
  });
});

describe.concurrent('a request that a provider calls invalid', () => {
  test.each<[FaultyWire, string]>([
    ['openai', "Invalid value: 'robot'"],
    ['anthropic', 'Input should be one of the allowed roles'],
    ['google', 'Invalid value at contents[0].role'],
    ['deepseek', 'Invalid value for messages[0].role'],
  ])('is a 400 with the words of %s, sent once', async (wire, words) => {
    const {
      status,
      by,
      headers,
      body,
      calls,
      wire: sent,
    } = await serve(service, {
      model: `${wire}-twice`,
      fault: { type: 'error', situation: 'invalid-request' },
    });
    expect({ status, by, sent }).toEqual({ status: 400, by: 'invalid_request', sent: { [wire]: 1 } });
    expect(calls).toEqual([`${targets[wire]} 1 invalid-request`]);
    expect(body.error.message).toContain(words);
    expect(body.error.calls).toHaveLength(1);
    expect(headers.get('x-should-retry')).toBe('false');
  });

  test('is a 400 that names the field, of mistral', async () => {
    const { status, by, body, wire } = await serve(service, {
      model: 'mistral-twice',
      fault: { type: 'error', situation: 'invalid-request' },
    });
    expect({ status, by, wire }).toEqual({ status: 400, by: 'invalid_request', wire: { mistral: 1 } });
    expect(body.error.param).toBe('messages.0.role');
  });
});

describe.concurrent('a refusal', () => {
  const refused: readonly (readonly [name: string, wire: FaultyWire, fault: Fault])[] = [
    ['by the model', 'openai', { type: 'refusal' }],
    ['by the model', 'anthropic', { type: 'refusal' }],
  ];
  test.each(refused)('%s of %s is the answer: 200 as OpenAI has it', async (_name, wire, fault) => {
    const { status, by, body, wire: sent } = await serve(service, { model: wire, fault });
    expect({ status, by, sent }).toEqual({ status: 200, by: targets[wire], sent: { [wire]: 1 } });
    expect(body.choices[0]).toMatchObject({
      message: { role: 'assistant', content: null, refusal: expect.stringMatching(/./) },
      finish_reason: 'stop',
    });
  });
  test.each(refused)('%s of %s fails over where the model says so', async (_name, wire, fault) => {
    await expectFailover(service, { model: `${wire}-failover`, fault }, 'refused');
  });

  const blocked: readonly (readonly [name: string, wire: FaultyWire, fault: Fault, words: string])[] = [
    ...wires.map((wire) => ['an error', wire, { type: 'error', situation: 'content-policy' }, ''] as const),
    ['a filtered prompt', 'google', { type: 'blocked', reason: 'PROHIBITED_CONTENT' }, 'PROHIBITED_CONTENT'],
    ['a filtered answer', 'google', { type: 'finish', reason: 'SAFETY' }, 'SAFETY'],
    ['a filtered answer', 'openai', { type: 'finish', reason: 'content_filter' }, 'content_filter'],
  ];
  test.each(
    blocked,
  )("by a provider's filter, as %s of %s, is a 400 content_filter", async (_name, wire, fault, words) => {
    const { status, by, body, wire: sent } = await serve(service, { model: wire, fault });
    expect({ status, by, sent }).toEqual({ status: 400, by: 'content_filter', sent: { [wire]: 1 } });
    expect(body.error.message).toContain(`The provider says: `);
    expect(body.error.message).toContain(words);
  });
  test.each(
    blocked,
  )("by a provider's filter, as %s of %s, fails over where the model says so", async (_n, wire, fault) => {
    await expectFailover(service, { model: `${wire}-failover`, fault }, 'content-filtered');
  });
});
