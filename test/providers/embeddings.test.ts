// Embeddings over real HTTP against the simulator and against servers of the test's own: each fault, and what it becomes.

import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CallOutcome } from '../../activities/providers/outcome.ts';
import { embedTexts } from '../../activities/providers/embed.ts';
import { createProviderConnections } from '../../activities/providers/exchange.ts';
import type { ProviderType } from '../../activities/providers/registry.ts';
import { loadVendor, providerFacts, providerTypes } from '../../activities/providers/registry.ts';
import type { Embedded } from '../../src/domain/embeddings.ts';
import type { FailureKind } from '../../src/domain/failure.ts';
import type { Fault } from '../../src/simulator/fault.ts';
import { type Simulator, startSimulator, type Wire } from '../../src/simulator/simulator.ts';
import { LIMITS, startServer } from './call.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterEach(() => simulator.clear());
afterAll(() => simulator.close());

const connections = createProviderConnections();
const TEXTS = ['the river', 'the sea', 'the rain in der Schweiz'];
type Change = Partial<Parameters<typeof embedTexts>[0]>;

function embed(type: ProviderType, baseUrl: string, change: Change = {}): Promise<CallOutcome<Embedded>> {
  return embedTexts({
    settings: { type, apiKey: 'test-key', baseUrl },
    target: { provider: 'main', model: 'some-embed' },
    texts: TEXTS,
    limits: { ...LIMITS, firstTokenTimeoutMs: 10_000, stallTimeoutMs: 10_000 },
    cancelSignals: [],
    connections,
    traceparent: null,
    ...change,
  });
}

const embedWire = (wire: Wire, change: Change = {}) => embed(wire, simulator.baseUrl('main', wire), change);

function vectorsOf(outcome: CallOutcome<Embedded>): number[][] {
  if (outcome.type !== 'answered') throw new Error(`${outcome.failure.kind}: ${outcome.failure.message}`);
  const { vectors, dimensions } = outcome.answer;
  const bytes = Buffer.from(vectors, 'base64');
  const all = Array.from({ length: bytes.length / 4 }, (_, place) => bytes.readFloatLE(place * 4));
  return Array.from({ length: all.length / dimensions }, (_, n) => all.slice(n * dimensions, (n + 1) * dimensions));
}

const kindOf = (outcome: CallOutcome<Embedded>) => (outcome.type === 'failed' ? outcome.failure.kind : 'answered');

interface Case {
  readonly fault: Fault;
  readonly kind: FailureKind;
  readonly isBilled: boolean;
  readonly differs?: Partial<Record<Wire, FailureKind>>;
}

const cases: readonly Case[] = [
  { fault: { type: 'error', situation: 'auth' }, kind: 'auth', isBilled: false },
  { fault: { type: 'error', situation: 'rate-limit' }, kind: 'rate-limited', isBilled: false },
  {
    fault: { type: 'error', situation: 'overloaded' },
    kind: 'overloaded',
    isBilled: false,
    differs: { mistral: 'server-error' },
  },
  { fault: { type: 'error', situation: 'context-too-long' }, kind: 'context-too-long', isBilled: false },
  { fault: { type: 'error', situation: 'bad-gateway' }, kind: 'server-error', isBilled: false },
  { fault: { type: 'html' }, kind: 'server-error', isBilled: false },
  { fault: { type: 'reset' }, kind: 'connection', isBilled: true },
  { fault: { type: 'cut' }, kind: 'connection', isBilled: true },
  { fault: { type: 'end-early' }, kind: 'malformed', isBilled: true },
  { fault: { type: 'wrong-vectors', flaw: 'not-numbers' }, kind: 'malformed', isBilled: true },
];

const poor: readonly Pick<Case, 'fault' | 'kind'>[] = [
  { fault: { type: 'wrong-vectors', flaw: 'missing' }, kind: 'malformed' },
  { fault: { type: 'wrong-vectors', flaw: 'short' }, kind: 'malformed' },
  { fault: { type: 'wrong-vectors', flaw: 'zero' }, kind: 'malformed' },
  { fault: { type: 'empty' }, kind: 'empty' },
];

describe.each(['openai', 'google', 'mistral'] as const)('embeddings over the wire of %s', (wire) => {
  it('are the vectors of the texts in their order, of length one', async () => {
    const outcome = await embedWire(wire);
    const vectors = vectorsOf(outcome);
    expect(vectors).toHaveLength(3);
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
    const [alone] = vectorsOf(await embedWire(wire, { texts: ['the sea'] }));
    expect(alone).toEqual(vectors[1]);
    expect(simulator.requests).toHaveLength(2);
    // Gemini counts nothing, which makes no secret of the bill.
    const usage = { inputTokens: 10, outputTokens: 0, cachedInputTokens: null, reasoningTokens: null };
    expect(outcome.meta).toMatchObject({
      usage: wire === 'google' ? null : usage,
      possiblyBilled: false,
      firstTokenMs: null,
      servedModel: 'some-embed',
    });
    if (wire !== 'google') expect(outcome.meta.providerRequestId).toMatch(/\w{10}/);
  });

  it.each(cases)('end as $kind under $fault', async ({ fault, kind, isBilled, differs }) => {
    simulator.inject({ fault });
    const outcome = await embedWire(wire);
    expect(kindOf(outcome)).toBe(differs?.[wire] ?? kind);
    expect(outcome.meta.possiblyBilled).toBe(isBilled);
    expect(simulator.requests).toHaveLength(1);
  });

  it.each(poor)('end as $kind under $fault, and count what they cost', async ({ fault, kind }) => {
    simulator.inject({ fault });
    const outcome = await embedWire(wire);
    expect(kindOf(outcome)).toBe(kind);
    expect(outcome.meta.possiblyBilled).toBe(wire === 'google');
    if (wire !== 'google') expect(outcome.meta.usage?.inputTokens).toBe(10);
  });

  it.each<[string, Fault]>([
    ['before the headers', { type: 'delay', headersMs: 60_000 }],
    ['in the middle of the document', { type: 'stall' }],
  ])('end as timeout when nothing more comes %s', async (_, fault) => {
    simulator.inject({ fault });
    const limits = { attemptTimeoutMs: 150, firstTokenTimeoutMs: 60_000, stallTimeoutMs: 60_000 };
    const outcome = await embedWire(wire, { limits });
    expect(kindOf(outcome)).toBe('timeout');
    expect(outcome.meta).toMatchObject({ possiblyBilled: true });
  });

  it('end at once with a cancel', async () => {
    simulator.inject({ fault: { type: 'delay', headersMs: 60_000 } });
    const cancel = new AbortController();
    const outcome = embedWire(wire, { cancelSignals: [cancel.signal] });
    await setTimeout(100);
    cancel.abort();
    expect(kindOf(await outcome)).toBe('cancelled');
  });

  it('have to be as long as those before them', async () => {
    expect(kindOf(await embedWire(wire, { expectedDimensions: 7 }))).toBe('malformed');
  });
});

describe('a number of dimensions', () => {
  it.each(['openai', 'google'] as const)('is asked of %s, and has to come', async (wire) => {
    const [vector] = vectorsOf(await embedWire(wire, { dimensions: 256 }));
    expect(vector).toHaveLength(256);
  });

  it('is unsupported where it cannot be asked for, and nobody is called', async () => {
    const outcome = await embedWire('mistral', { dimensions: 256 });
    expect(outcome).toMatchObject({ failure: { kind: 'unsupported', param: 'dimensions' }, meta: { isSent: false } });
    expect(simulator.requests).toHaveLength(0);
  });
});

it.each(['anthropic', 'deepseek'] as const)('%s has none, and is not called', async (wire) => {
  const outcome = await embedWire(wire);
  expect(outcome).toMatchObject({ failure: { kind: 'unsupported', param: 'model' }, meta: { isSent: false } });
  expect(simulator.requests).toHaveLength(0);
});

it.each(['openai', 'mistral'] as const)('%s: vectors in another order are put in theirs', async (wire) => {
  const inOrder = vectorsOf(await embedWire(wire));
  simulator.inject({ fault: { type: 'wrong-vectors', flaw: 'reversed' } });
  expect(vectorsOf(await embedWire(wire))).toEqual(inOrder);
  simulator.inject({ fault: { type: 'wrong-vectors', flaw: 'twice' } });
  expect(kindOf(await embedWire(wire))).toBe('malformed');
});

it('passes on the end user, and asks for plain numbers', async () => {
  await embedWire('openai', { user: 'ada' });
  expect(simulator.requests[0]?.body).toMatchObject({ user: 'ada', input: TEXTS, encoding_format: 'float' });
});

describe('a server that speaks the wire of others', () => {
  const answering = async (body: unknown, status = 200) => {
    const server = await startServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    const outcome = await embed('openai-compatible', server.url, { texts: ['a', 'b'] });
    await server.close();
    return { outcome, requests: server.requests() };
  };

  it('names neither places, usage nor model, and is believed', async () => {
    const { outcome } = await answering({ data: [{ embedding: [1, 0] }, { embedding: [0, 1] }] });
    expect(vectorsOf(outcome)).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(outcome.meta).toMatchObject({ servedModel: 'some-embed', usage: null, possiblyBilled: false });
  });

  it.each([
    ['an error under status 200', { error: { message: 'Overloaded.', code: 503 } }, 'overloaded'],
    ['something else', { hello: 'there' }, 'malformed'],
    ['numbers beyond a 32-bit float', { data: [{ embedding: [1e300] }, { embedding: [1] }] }, 'malformed'],
    ['empty vectors', { data: [{ embedding: [] }, { embedding: [] }] }, 'malformed'],
    [
      'places that are none',
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 7, embedding: [1] },
        ],
      },
      'malformed',
    ],
  ])('answers with %s', async (_, body, kind) => {
    const { outcome, requests } = await answering(body);
    expect(kindOf(outcome)).toBe(kind);
    expect(requests).toBe(1);
  });
});

describe('the registry', () => {
  it('and the page on embeddings name the same types without any', async () => {
    const page = await readFile(new URL('../../docs/embeddings.md', import.meta.url), 'utf8');
    const sentence = /A target of type ([^.]*?) has no embeddings/.exec(page)?.[1] ?? '';
    const named = [...sentence.matchAll(/`([^`]+)`/g)].map(([, type]) => type);
    const without = providerTypes.filter((type) => !providerFacts(type).embeddings);
    expect(new Set(named)).toEqual(new Set(without));
  });

  it.each(providerTypes)('says of %s whether its vendor has embeddings', async (type) => {
    const { embeddings } = await loadVendor(type);
    expect(providerFacts(type).embeddings !== undefined).toBe(embeddings !== undefined);
    const settings = { type, apiKey: 'k' };
    const model = embeddings?.model({
      model: 'm',
      baseUrl: 'http://x',
      apiKey: 'k',
      settings,
      fetch: globalThis.fetch,
    });
    // Beyond its own limit the AI SDK refuses a call.
    const own = (await model?.maxEmbeddingsPerCall) ?? 0;
    expect(providerFacts(type).embeddings?.texts ?? 0).toBeLessThanOrEqual(own);
  });
});
