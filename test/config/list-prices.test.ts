// Prices of a provider's list, where the configuration has none. The numbers are those of the installed list: an update
// of the package may change them.

import { describe, expect, it, vi } from 'vitest';
import { allTargets, findTarget } from '../../src/domain/catalog.ts';
import { load, problemsOf } from './config-file.ts';
import { PROVIDERS } from './model-lines.ts';

const GPT_4O = { input: 2.5, output: 10, batch: 0.5 };

const priceOf = (target: string, text = PROVIDERS) => findTarget(load(text).catalog, target)?.price;

describe('a target whose price is unknown', () => {
  it.each([
    ['of a model that is in no list', 'openai/gpt-nobody', PROVIDERS],
    ['of another provider’s model', 'openai/mistral-large-latest', PROVIDERS],
    ['of a server of its own', 'local/gpt-4o', PROVIDERS],
    ['of a model that is not paid by the token', 'openai/whisper-1', PROVIDERS],
    [
      'at another address than the provider’s',
      'x/gpt-4o',
      'providers: { x: { type: openai, apiKey: k, baseUrl: "http://127.0.0.1:1/v1" } }',
    ],
    ['of a simulated provider', 'x/gpt-4o', 'providers: { x: { type: simulated } }'],
    // The operator has named it: it says nothing for certain of what it deploys.
    ['of a deployment', 'x/gpt-4o', 'providers: { x: { type: azure, apiKey: k, resource: r } }'],
  ])('has none, not 0: %s', (_, target, text) => {
    expect(findTarget(load(text).catalog, target)).not.toHaveProperty('price');
  });
});

describe('the price of a list', () => {
  it('is that of the target wherever it is named', () => {
    const { catalog } = load(
      `${PROVIDERS}models: { m: { targets: [openai/gpt-4o], batch: { targets: [openai/gpt-4o] } } }`,
    );
    const target = { provider: 'openai', model: 'gpt-4o', price: GPT_4O };
    expect(catalog.models['m']).toMatchObject({ settings: { targets: [target] }, batchTargets: [target] });
    expect(allTargets(catalog)).toEqual([target]);
    expect(findTarget(catalog, 'openai/gpt-4o')).toEqual(target);
  });

  it('gives way to the configuration’s, and leaves its other facts alone', () => {
    const facts =
      'targets: { openai/gpt-4o: { price: { input: 1, output: 2 } }, openai/gpt-4o-mini: { contextWindow: 8000 } }';
    expect(priceOf('openai/gpt-4o', PROVIDERS + facts)).toEqual({ input: 1, output: 2, batch: 0.5 });
    expect(findTarget(load(PROVIDERS + facts).catalog, 'openai/gpt-4o-mini')).toMatchObject({
      contextWindow: 8000,
      price: { input: 0.15, output: 0.6, batch: 0.5 },
    });
  });

  it('is the same under every name of a provider, and what a batch costs is left unknown where it is', () => {
    expect(priceOf('openai-eu/gpt-4o')).toEqual(GPT_4O);
    const together = 'providers: { x: { type: together, apiKey: k } }';
    expect(priceOf('x/meta-llama/Llama-3.3-70B-Instruct-Turbo', together)).toEqual({ input: 0.88, output: 0.88 });
  });

  it('is that of a short prompt, where the length decides', () => {
    expect(priceOf('gemini/gemini-2.5-pro')).toEqual({ input: 1.25, output: 10, batch: 0.5 });
  });

  it('is that of the dearest hour, whenever it is asked', () => {
    const deepseek = 'providers: { x: { type: deepseek, apiKey: k } }';
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      for (const time of ['2026-11-25T02:00:00Z', '2026-11-25T12:00:00Z', '2026-11-25T23:59:59Z']) {
        vi.setSystemTime(time);
        expect(priceOf('x/deepseek-v4-flash', deepseek)).toEqual({ input: 0.44, output: 1.32 });
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it('has no output to charge for with embeddings', () => {
    expect(priceOf('openai/text-embedding-3-small')).toEqual({ input: 0.02, output: 0, batch: 0.5 });
  });

  it('is one to order by', () => {
    expect(problemsOf(`${PROVIDERS}models: { m: { targets: [local/a, openai/gpt-4o], order: cost } }`)).toEqual([]);
    expect(
      problemsOf(`${PROVIDERS}models: { m: { targets: [local/a, openai/gpt-nobody], order: cost } }`),
    ).toHaveLength(1);
  });
});
