// Batches in the configuration file: lanes of a model, and the rules of all.

import { describe, expect, it } from 'vitest';
import { load, LOCAL, problemsOf } from './config-file.ts';
import { indented, problems, PROVIDERS } from './model-lines.ts';

const TARGETS = 'targets: [local/a]';

describe('the lanes of a model', () => {
  it('are told with all that is known of them, in their order', () => {
    const facts = 'targets: { claude/b: { price: { input: 1, output: 2 } } }\n';
    const lanes = 'batch: { targets: [{ target: claude/b, system: Be brief. }, openai/c] }';
    const { catalog } = load(`${PROVIDERS}${facts}models:\n  m:\n${indented([TARGETS, lanes])}`);
    expect(catalog.models['m']?.batchTargets).toEqual([
      { provider: 'claude', model: 'b', system: 'Be brief.', price: { input: 1, output: 2, batch: 0.5 } },
      { provider: 'openai', model: 'c' },
    ]);
  });

  it('are left to the targets when it says none', () => {
    expect(load(`${PROVIDERS}models:\n  m:\n${indented([TARGETS])}`).catalog.models['m']).not.toHaveProperty(
      'batchTargets',
    );
  });

  it.each([
    ['{ targets: [] }', 'models.m.batch.targets: needs at least one entry'],
    ['{ targets: [nobody/a] }', 'models.m.batch.targets[0]: no provider is called nobody'],
    ['{ targets: [local] }', 'models.m.batch.targets[0]: must be provider/model'],
    ['{ targets: [local/a, local/a] }', 'models.m.batch.targets[1]: local/a is a lane already'],
    ['{ lanes: [local/a], targets: [local/a] }', 'models.m.batch.lanes: unknown field'],
  ])('are refused as %s', (batch, problem) => {
    expect(problems(TARGETS, `batch: ${batch}`)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('the price of a batch', () => {
  const priceOf = (price: string, provider = 'openai') =>
    load(`${PROVIDERS}targets: { ${provider}/c: { price: ${price} } }`).catalog.facts[`${provider}/c`]?.price;

  it('is what the provider’s batches cost, where they all cost the same', () => {
    expect(priceOf('{ input: 1, output: 2 }')).toEqual({ input: 1, output: 2, batch: 0.5 });
    expect(priceOf('{ input: 1, output: 2 }', 'local')).toEqual({ input: 1, output: 2 });
  });

  it('is what the configuration says', () => {
    expect(priceOf('{ input: 1, output: 2, batch: 0.4 }')).toEqual({ input: 1, output: 2, batch: 0.4 });
    expect(problemsOf(`${LOCAL}targets: { local/x: { price: { input: 1, output: 2, batch: 2 } } }`)).toHaveLength(1);
  });
});

describe('the rules of batches', () => {
  it('have defaults', () => {
    expect(load(LOCAL).catalog.batchRules).toEqual({
      pollIntervalMs: 30_000,
      stuckAfterMs: 7_200_000,
      rescueConcurrency: 200,
    });
  });

  it('are taken as they are said', () => {
    const { batchRules } = load(`${LOCAL}batch: { pollInterval: 5s, stuckAfter: 10m, rescueConcurrency: 4 }`).catalog;
    expect(batchRules).toEqual({ pollIntervalMs: 5_000, stuckAfterMs: 600_000, rescueConcurrency: 4 });
  });

  it.each([
    ['{ pollInterval: 10ms }', 'batch.pollInterval: must be between 100ms and 1h'],
    ['{ stuckAfter: 500ms }', 'batch.stuckAfter: must be between 1s and 7d'],
    ['{ pollInterval: 1h, stuckAfter: 1h }', 'batch.stuckAfter: is not longer than the pollInterval (1h)'],
    ['{ rescueConcurrency: 0 }', 'batch.rescueConcurrency: must be at least 1'],
  ])('are refused as %s', (batch, problem) => {
    expect(problemsOf(`${LOCAL}batch: ${batch}`)).toEqual([expect.stringContaining(problem)]);
  });
});
