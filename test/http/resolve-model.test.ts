import { describe, expect, test } from 'vitest';
import type { StrategyBody } from '../../src/http/strategy-schema.ts';
import { resolveModel } from '../../src/http/resolve-model.ts';
import { catalog } from './server-without-temporal.ts';

const resolve = (fields: Partial<Parameters<typeof resolveModel>[0]>) =>
  resolveModel({ catalog, wayIn: 'inferences', model: 'summarize', ...fields });

describe('how an inference is served', () => {
  test('is what the configuration says of the model', () => {
    expect(resolve({})).toEqual({
      settings: catalog.models['summarize']?.settings,
      deadlineMs: 90_000,
      onExhausted: 'wait',
    });
  });

  test('has the deadline that the request asks for', () => {
    expect(resolve({ deadline: '5s' }).deadlineMs).toBe(5_000);
  });

  test.each([
    ['chat-completions', 120_000, 'fail'],
    ['responses', 120_000, 'fail'],
    ['background-responses', 86_400_000, 'wait'],
    ['inferences', 86_400_000, 'wait'],
  ] as const)('a target named directly is a chain of one with the defaults of %s', (wayIn, deadlineMs, onExhausted) => {
    const resolved = resolve({ wayIn, model: 'openai/gpt-4o' });
    expect(resolved).toMatchObject({ deadlineMs, onExhausted });
    expect(resolved.settings).toEqual({
      ...catalog.defaults,
      targets: [{ provider: 'openai', model: 'gpt-4o', ...catalog.facts['openai/gpt-4o'] }],
    });
  });
});

describe('a strategy of the request', () => {
  const strategy: StrategyBody = {
    type: 'failover',
    targets: [
      'openai/gpt-4o',
      { target: 'together/meta/llama', system: 'Be brief.', params: { max_tokens: 9, temperature: 0, stop: null } },
    ],
    deadline: '10s',
    attempt_timeout: '2s',
    first_token_timeout: '1500ms',
    stall_timeout: '1s',
    max_attempts_per_target: 1,
    on_exhausted: 'fail',
    on_refusal: 'failover',
    order: 'reliability',
    minimum_success: 0.5,
    minimum_quality: 0,
  };

  test('replaces the model, which need not be configured', () => {
    expect(resolve({ model: 'any name', strategy })).toStrictEqual({
      settings: {
        strategy: 'failover',
        targets: [
          { provider: 'openai', model: 'gpt-4o', ...catalog.facts['openai/gpt-4o'] },
          {
            provider: 'together',
            model: 'meta/llama',
            system: 'Be brief.',
            params: { maxTokens: 9, temperature: 0 },
          },
        ],
        attemptTimeoutMs: 2_000,
        firstTokenTimeoutMs: 1_500,
        stallTimeoutMs: 1_000,
        maxAttemptsPerTarget: 1,
        onRefusal: 'failover',
        order: 'reliability',
        minimumSuccess: 0.5,
        minimumQuality: 0,
      },
      deadlineMs: 10_000,
      onExhausted: 'fail',
    });
  });

  test("takes what it leaves out from the defaults, not from the model's own entry", () => {
    const resolved = resolve({ strategy: { type: 'failover', targets: ['openai/a'] } });
    expect(resolved).toMatchObject({ deadlineMs: 86_400_000, settings: { attemptTimeoutMs: 60_000 } });
  });

  test('adds no order to the settings when it is the default one', () => {
    const resolved = resolve({ strategy: { type: 'failover', targets: ['openai/a'], order: 'listed' } });
    expect(resolved.settings).not.toHaveProperty('order');
  });

  test('gives way to the deadline of the request', () => {
    expect(resolve({ strategy, deadline: '5s' }).deadlineMs).toBe(5_000);
  });
});
