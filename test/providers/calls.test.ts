// Calls over real HTTP against the simulator: each fault on each wire, and what it becomes.

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FailureKind } from '../../src/domain/failure.ts';
import type { Fault } from '../../src/simulator/fault.ts';
import { type Simulator, startSimulator, type Wire } from '../../src/simulator/simulator.ts';
import { answerOf, call, failureOf, LIMITS, question } from './call.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterEach(() => simulator.clear());
afterAll(() => simulator.close());

const wires: readonly Wire[] = [
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
const callWire = (wire: Wire, change: Parameters<typeof call>[2] = {}) =>
  call(wire, simulator.baseUrl('main', wire), change);

interface Case {
  readonly fault: Fault;
  readonly kind: FailureKind;
  readonly isBilled: boolean;
  /** Vendors whose wire shows it in another way. */
  readonly differs?: Partial<Record<Wire, FailureKind>>;
}

const cases: readonly Case[] = [
  { fault: { type: 'html' }, kind: 'server-error', isBilled: false },
  { fault: { type: 'reset' }, kind: 'connection', isBilled: true },
  { fault: { type: 'cut' }, kind: 'connection', isBilled: true },
  { fault: { type: 'cut', afterChunks: 0 }, kind: 'connection', isBilled: true },
  { fault: { type: 'end-early' }, kind: 'connection', isBilled: true },
  { fault: { type: 'end-early', afterChunks: 0 }, kind: 'connection', isBilled: true },
  { fault: { type: 'malformed-chunk' }, kind: 'malformed', isBilled: true },
  {
    fault: { type: 'error-in-200', situation: 'overloaded' },
    kind: 'overloaded',
    isBilled: true,
    differs: { mistral: 'server-error' },
  },
  { fault: { type: 'error-in-200', situation: 'rate-limit', afterChunks: 0 }, kind: 'rate-limited', isBilled: false },
  { fault: { type: 'error', situation: 'auth' }, kind: 'auth', isBilled: false },
  { fault: { type: 'empty' }, kind: 'empty', isBilled: false },
  { fault: { type: 'truncated' }, kind: 'truncated', isBilled: false },
  { fault: { type: 'finish', reason: 'unheard-of' }, kind: 'malformed', isBilled: false },
];

describe.each(wires)('a call over the wire of %s', (wire) => {
  it('gives the whole answer with usage, finish reason, served model and times', async () => {
    const outcome = await callWire(wire);
    const answer = answerOf(outcome);
    expect(answer.text).toBe('It flows through seven countries on its way to the sea.');
    expect(answer.finishReason).toMatchObject({
      unified: 'stop',
      raw: expect.stringMatching(/^(stop|end_turn|STOP|COMPLETE)$/),
    });
    expect(answer.usage).toMatchObject({ inputTokens: 21, outputTokens: 14 });
    expect(answer.model).toBe(simulator.requests[0]?.model);
    expect(outcome.meta.possiblyBilled).toBe(false);
    expect(outcome.meta.firstTokenMs).toBeGreaterThanOrEqual(0);
    expect(outcome.meta.durationMs).toBeGreaterThanOrEqual(outcome.meta.firstTokenMs ?? Infinity);
    if (wire !== 'google' && wire !== 'vertex') expect(outcome.meta.providerRequestId).toMatch(/\w{10}/);
    expect(simulator.requests).toHaveLength(1);
    expect(simulator.requests[0]?.stream).toBe(true);
  });

  it.each(cases)('ends as $kind under $fault', async ({ fault, kind, isBilled, differs }) => {
    simulator.inject({ fault });
    const outcome = await callWire(wire);
    expect(failureOf(outcome).kind).toBe(differs?.[wire] ?? kind);
    expect(outcome.meta.possiblyBilled).toBe(isBilled);
    expect(simulator.requests).toHaveLength(1);
  });

  it('ends as first-token-timeout when nothing comes, and when only keep-alives come', async () => {
    const limits = { ...LIMITS, firstTokenTimeoutMs: 120 };
    for (const fault of [
      { type: 'delay', headersMs: Infinity },
      { type: 'delay', firstTokenMs: Infinity, keepAliveMs: 20 },
    ] as const) {
      const undo = simulator.inject({ fault });
      const outcome = await callWire(wire, { limits });
      undo();
      expect(failureOf(outcome).kind).toBe('first-token-timeout');
      expect(outcome.meta).toMatchObject({ possiblyBilled: true, firstTokenMs: null });
    }
  });

  it('ends as stalled when tokens stop, whatever keep-alives come, and lets the provider know', async () => {
    simulator.inject({ fault: { type: 'stall', keepAliveMs: 20 } });
    const outcome = await callWire(wire, { limits: { ...LIMITS, stallTimeoutMs: 120 } });
    expect(failureOf(outcome).kind).toBe('stalled');
    expect(outcome.meta.possiblyBilled).toBe(true);
    expect(outcome.meta.durationMs).toBeLessThan(LIMITS.firstTokenTimeoutMs);
    await vi.waitFor(() => expect(simulator.requests[0]?.outcome).toBe('client-gone'));
  });

  it('ends as timeout when tokens go on and on', async () => {
    simulator.inject({ fault: { type: 'delay', tokenMs: 60 } });
    const outcome = await callWire(wire, { limits: { ...LIMITS, attemptTimeoutMs: 250 } });
    expect(failureOf(outcome).kind).toBe('timeout');
    expect(outcome.meta.possiblyBilled).toBe(true);
  });

  it('ends at once when it is cancelled, and lets the provider know', async () => {
    simulator.inject({ fault: { type: 'stall' } });
    const cancel = new AbortController();
    const running = callWire(wire, { cancelSignals: [new AbortController().signal, cancel.signal] });
    await vi.waitFor(() => expect(simulator.requests).toHaveLength(1));
    cancel.abort();
    const outcome = await running;
    expect(failureOf(outcome).kind).toBe('cancelled');
    expect(outcome.meta.possiblyBilled).toBe(true);
    await vi.waitFor(() => expect(simulator.requests[0]?.outcome).toBe('client-gone'));
  });

  it('sends nothing when it is cancelled before', async () => {
    const outcome = await callWire(wire, { cancelSignals: [AbortSignal.abort()] });
    expect(failureOf(outcome).kind).toBe('cancelled');
    expect(outcome.meta.possiblyBilled).toBe(false);
    expect(simulator.requests).toHaveLength(0);
  });

  it('takes a cut at the limit that the client set for an answer', async () => {
    const answer = answerOf(await callWire(wire, { prompt: question({ params: { maxTokens: 5 } }) }));
    expect(answer.text).toBe('It flows through sev');
    expect(answer.finishReason.unified).toBe('length');
  });

  it('takes such a cut whatever form the answer should have had', async () => {
    const params = { maxTokens: 5 };
    const expected = question({ params, expect: [{ schema: { type: 'object' }, words: { min: 100 } }] });
    expect(answerOf(await callWire(wire, { prompt: expected })).finishReason.unified).toBe('length');
    const asJson = question({ params, responseFormat: { type: 'json' } });
    expect(answerOf(await callWire(wire, { prompt: asJson })).finishReason.unified).toBe('length');
  });

  it('fails for a cut at a limit that the target set', async () => {
    const outcome = await callWire(wire, { target: { params: { maxTokens: 5 } } });
    expect(failureOf(outcome).kind).toBe('truncated');
  });

  it("fails for a cut short of the client's limit: it was another one", async () => {
    simulator.inject({ fault: { type: 'truncated' } });
    const outcome = await callWire(wire, { prompt: question({ params: { maxTokens: 1_000 } }) });
    expect(failureOf(outcome).kind).toBe('truncated');
  });

  it('finds a cut that claims to be whole, by its tokens at our limit or at the end of the context', async () => {
    simulator.inject({ fault: { type: 'cut-as-stop', outputTokens: 50 } });
    expect(failureOf(await callWire(wire, { target: { params: { maxTokens: 50 } } })).kind).toBe('truncated');
    expect(failureOf(await callWire(wire, { target: { contextWindow: 71 } })).kind).toBe('truncated');
    expect(answerOf(await callWire(wire, { target: { contextWindow: 72 } })).text).not.toBe('');
  });

  it('gives tool calls with arguments that are JSON', async () => {
    simulator.inject({ fault: { type: 'tool-call', name: 'find', arguments: { where: 'sea' } } });
    const tools = [{ name: 'find', parameters: { type: 'object', properties: { where: { type: 'string' } } } }];
    const answer = answerOf(await callWire(wire, { prompt: question({ tools }) }));
    expect(answer.toolCalls).toMatchObject([{ name: 'find', arguments: '{"where":"sea"}' }]);
    expect(answer).toMatchObject({ text: null, finishReason: { unified: 'tool-calls' } });
  });
});

const schema = {
  type: 'object',
  properties: { country: { type: 'string' }, length: { type: 'integer' } },
  required: ['country', 'length'],
  additionalProperties: false,
};

describe.each(wires)('JSON over the wire of %s', (wire) => {
  const prompt = question({ responseFormat: { type: 'json-schema', name: 'river', schema } });

  it('is accepted when it matches the schema', async () => {
    const { text } = answerOf(await callWire(wire, { prompt }));
    expect(Object.keys(JSON.parse(text ?? ''))).toEqual(['country', 'length']);
  });

  it('loses the fence around it', async () => {
    simulator.inject({ fault: { type: 'fenced-json' } });
    const { text } = answerOf(await callWire(wire, { prompt }));
    expect(text).toMatch(/^\{.*\}$/s);
  });

  it('is rejected when it breaks the schema or is none', async () => {
    const undo = simulator.inject({ fault: { type: 'wrong-json' } });
    expect(failureOf(await callWire(wire, { prompt })).kind).toBe('schema-invalid');
    undo();
    simulator.inject({ fault: { type: 'answer', text: 'I would say Egypt.' } });
    expect(failureOf(await callWire(wire, { prompt })).kind).toBe('schema-invalid');
  });

  it('that is left open is a cut, whatever the finish reason says', async () => {
    simulator.inject({ fault: { type: 'answer', text: '{"country":"Egy' } });
    expect(failureOf(await callWire(wire, { prompt })).kind).toBe('truncated');
  });
});

describe('a refusal', () => {
  it.each(['openai', 'anthropic'] as const)('of %s is no answer, and its words are kept apart', async (wire) => {
    simulator.inject({ fault: { type: 'refusal' } });
    const failure = failureOf(await callWire(wire));
    expect(failure.kind).toBe('refused');
    expect(failure.providerMessage).toMatch(/can't help|declined/);
    expect(failure.message).not.toMatch(/can't help/);
  });

  it.each(['openai', 'google', 'deepseek'] as const)("by the filter of %s is the filter's", async (wire) => {
    simulator.inject({ fault: { type: 'blocked' } });
    expect(failureOf(await callWire(wire)).kind).toBe('content-filtered');
  });
});
