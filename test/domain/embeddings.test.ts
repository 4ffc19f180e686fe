// Which targets may serve embeddings, and how texts are dealt out to calls.

import { describe, expect, test } from 'vitest';
import type { Catalog } from '../../src/domain/catalog.ts';
import type { EmbeddingLimits } from '../../src/domain/embeddings.ts';
import { callRange, callSizes, embeddingChain } from '../../src/domain/embeddings.ts';
import type { FailoverSettings, ModelSettings } from '../../src/domain/model-settings.ts';
import { consensusSettings, hedgeSettings } from '../../src/domain/strategies.ts';
import { parseTargetName, targetName } from '../../src/domain/target.ts';
import { vectorSpace } from '../../src/domain/vector-space.ts';

const USUAL: EmbeddingLimits = { texts: 2_048, bytes: 300_000, takesDimensions: true };
const providers: Catalog['providers'] = {
  one: { region: null, embeddings: USUAL },
  two: { region: null, embeddings: { ...USUAL, texts: 100, bytes: 1_000 } },
  plain: { region: null, embeddings: { ...USUAL, takesDimensions: false } },
  talker: { region: null },
};
const limits = {
  attemptTimeoutMs: 1,
  firstTokenTimeoutMs: 1,
  stallTimeoutMs: 1,
  maxAttemptsPerTarget: 1,
  onRefusal: 'return',
} as const;
const targetsOf = (...names: readonly string[]) => names.flatMap((name) => parseTargetName(name) ?? []);
const failover = (...names: readonly string[]): FailoverSettings => ({
  ...limits,
  strategy: 'failover',
  targets: targetsOf(...names),
});

function chainOf(settings: ModelSettings, wantsDimensions = false) {
  const chain = embeddingChain({ settings, providers, wantsDimensions });
  return chain.type === 'none' ? chain : { ...chain, targets: chain.settings.targets.map(targetName) };
}

describe('the chain of embeddings', () => {
  test('has the targets of the first one’s model, under whatever name, and no other', () => {
    const settings = failover(
      'one/text-embedding-3-small',
      'two/text-embedding-3-large',
      'two/openai/text-embedding-3-small',
    );
    expect(chainOf(settings)).toMatchObject({
      targets: ['one/text-embedding-3-small', 'two/openai/text-embedding-3-small'],
    });
  });

  test('begins with the first target that has embeddings', () => {
    expect(chainOf(failover('talker/chat', 'two/a', 'one/b'))).toMatchObject({ targets: ['two/a'] });
    expect(chainOf(failover('talker/chat'))).toEqual({ type: 'none', lacks: 'embeddings', targets: ['talker/chat'] });
  });

  test('leaves out who takes no number of dimensions, and never changes the model for that', () => {
    expect(chainOf(failover('plain/m', 'one/m', 'one/other'), true)).toMatchObject({ targets: ['one/m'] });
    expect(chainOf(failover('plain/m', 'one/other'), true)).toEqual({
      type: 'none',
      lacks: 'dimensions',
      targets: ['plain/m'],
    });
  });

  test('deals out calls that each of its targets can take', () => {
    expect(chainOf(failover('one/m', 'two/m'))).toMatchObject({ limits: { texts: 100, bytes: 1_000 } });
  });

  test('of a hedge is tried in order; votes have none', () => {
    const hedge = hedgeSettings(limits, { targets: targetsOf('one/m', 'two/m') });
    const chain = embeddingChain({ settings: hedge, providers, wantsDimensions: false });
    expect(chain).toMatchObject({ settings: failover('one/m', 'two/m') });
    expect(chain.type === 'chain' && Object.keys(chain.settings).sort()).toEqual(Object.keys(failover()).sort());
    const legs = targetsOf('one/a', 'two/b', 'plain/c').map((target) => ({ targets: [target] }));
    expect(chainOf(consensusSettings(limits, { legs, compare: { type: 'exact' } }))).toMatchObject({ lacks: 'votes' });
  });
});

describe('the vectors of', () => {
  test.each([
    ['openai/text-embedding-3-small', 'text-embedding-3-small'],
    ['Nomic-Embed-Text', 'nomic-embed-text:latest'],
    ['eu.maker.embed-v2:0', 'embed-v2'],
    ['BAAI/bge-m3', 'bge-m3'],
  ])('%s and %s are of one model', (a, b) => {
    expect(vectorSpace(a)).toBe(vectorSpace(b));
  });

  test.each([
    ['text-embedding-004', 'text-embedding-005'],
    ['text-embedding-3-small', 'text-embedding-3-large'],
    ['embed-english-v2.0', 'embed-english-v3.0'],
    ['titan-embed-text-v1', 'titan-embed-text-v2:0'],
    ['codestral-embed-2505', 'codestral-embed-2511'],
    ['nomic-embed-text:v1', 'nomic-embed-text:v1.5'],
  ])('%s and %s are of two', (a, b) => {
    expect(vectorSpace(a)).not.toBe(vectorSpace(b));
  });
});

describe('texts', () => {
  test('fill calls in their order, up to either limit', () => {
    expect(callSizes([1, 1, 1, 1, 1], { texts: 2, bytes: 100 })).toEqual([2, 2, 1]);
    expect(callSizes([40, 40, 40, 5], { texts: 10, bytes: 85 })).toEqual([2, 2]);
    expect(
      callSizes(
        Array.from({ length: 600 }, () => 1),
        { texts: 2_048, bytes: 9_000 },
      ),
    ).toEqual([256, 256, 88]);
    expect(callSizes([500, 1, 500], { texts: 10, bytes: 85 })).toEqual([1, 1, 1]);
  });

  test('are each in one call', () => {
    expect([0, 1, 2].map((call) => callRange([2, 2, 1], call))).toEqual([
      [0, 2],
      [2, 4],
      [4, 5],
    ]);
  });
});
