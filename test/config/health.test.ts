// Provider health in configuration files: breakers, health pings, scores, alerts, limits of load.

import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config.ts';
import { load, LOCAL, problemsOf } from './config-file.ts';

const BREAKER = { windowMs: 60_000, failureRatio: 0.2, minimumCalls: 5, breakMs: 30_000 };

describe('a configuration file without a word about health', () => {
  it('has the defaults', () => {
    const { health, alerts, maxInFlight } = load(`${LOCAL}targets: { local/x: { contextWindow: 8000 } }`);
    expect(health).toStrictEqual({
      breakers: { default: BREAKER, byKey: {} },
      checks: { enabled: true, intervalMs: 15_000, timeoutMs: 5_000, always: false },
      score: {
        windowMs: 300_000,
        weights: { success: 0.5, latency: 0.2, quality: 0.3 },
        minimumSuccess: 0.9,
        minimumQuality: 0.9,
      },
      limits: {},
    });
    expect(alerts).toStrictEqual({ webhook: null, repeatAfterMs: 900_000 });
    expect(maxInFlight).toBe(5_000);
  });

  it('has the same ones as a file with empty sections', () => {
    const empty = 'breaker: {}\nhealthChecks: {}\nscore: { weights: {} }\nalerts: {}\nadmission: {}\n';
    const values = ({ catalog, ...config }: Config) => ({
      ...config,
      catalog: { ...catalog, listPrice: null },
      description: null,
    });
    expect(values(load(LOCAL + empty))).toEqual(values(load(LOCAL)));
  });
});

describe('the circuit breaker', () => {
  it('is that of the target, of its provider, or of all, field by field', () => {
    const { health } = load(
      [
        'providers:',
        '  a: { type: simulated, breaker: { break: 60s, minimumCalls: 7 } }',
        '  b: { type: simulated }',
        '  c: { type: simulated, breaker: {} }',
        'targets:',
        '  a/x: { breaker: { minimumCalls: 10 } }',
        '  a/y: { contextWindow: 8000 }',
        '  b/x/1: { breaker: { window: 5s, failureRatio: 1, minimumCalls: 1, break: 1ms } }',
        'breaker: { window: 30s, failureRatio: 0.5 }',
      ].join('\n'),
    );
    const general = { windowMs: 30_000, failureRatio: 0.5, minimumCalls: 5, breakMs: 30_000 };
    expect(health.breakers).toStrictEqual({
      default: general,
      byKey: {
        a: { ...general, minimumCalls: 7, breakMs: 60_000 },
        c: general,
        'a/x': { ...general, minimumCalls: 10, breakMs: 60_000 },
        'b/x/1': { windowMs: 5_000, failureRatio: 1, minimumCalls: 1, breakMs: 1 },
      },
    });
  });

  it('of a target is no part of what travels with an inference', () => {
    const { catalog } = load(
      `${LOCAL}targets: { local/x: { contextWindow: 8000, breaker: { break: 1s } } }\nmodels: { m: { targets: [local/x] } }`,
    );
    expect(catalog.facts).toStrictEqual({ 'local/x': { contextWindow: 8000 } });
    expect(catalog.models['m']?.settings.targets).toStrictEqual([
      { provider: 'local', model: 'x', contextWindow: 8000 },
    ]);
  });
});

describe('the limits of a provider', () => {
  it('are those it has, apart from how it is reached', () => {
    const { health, providers } = load(
      [
        'providers:',
        '  a: { type: openai, apiKey: k, limits: { maxConcurrent: 64, requestsPerMinute: 1000, tokensPerMinute: 2000000 }, breaker: { break: 1s } }',
        '  b: { type: simulated, limits: { maxConcurrent: 1 } }',
        '  c: { type: simulated }',
      ].join('\n'),
    );
    expect(health.limits).toStrictEqual({
      a: { maxConcurrent: 64, requestsPerMinute: 1_000, tokensPerMinute: 2_000_000 },
      b: { maxConcurrent: 1 },
    });
    expect(providers.get('a')).toStrictEqual({ type: 'openai', apiKey: 'k' });
    expect(providers.get('b')).toStrictEqual({ type: 'simulated' });
  });
});

describe('health pings, scores, alerts and admission', () => {
  it('are as the file says', () => {
    const { health, alerts, maxInFlight } = load(
      [
        LOCAL.trimEnd(),
        'healthChecks: { enabled: false, interval: 1m, timeout: 1m, always: true }',
        'score: { window: 10m, weights: { success: 1, latency: 0, quality: 0 }, minimumSuccess: 0, minimumQuality: 1 }',
        'alerts: { webhook: "https://hooks.example/x", repeatAfter: 1h }',
        'admission: { maxInFlight: 1 }',
      ].join('\n'),
    );
    expect(health).toMatchObject({
      checks: { enabled: false, intervalMs: 60_000, timeoutMs: 60_000, always: true },
      score: {
        windowMs: 600_000,
        weights: { success: 1, latency: 0, quality: 0 },
        minimumSuccess: 0,
        minimumQuality: 1,
      },
    });
    expect(alerts).toEqual({ webhook: 'https://hooks.example/x', repeatAfterMs: 3_600_000 });
    expect(maxInFlight).toBe(1);
  });

  it('give a ping no longer than a short interval when its timeout was only assumed', () => {
    expect(load(`${LOCAL}healthChecks: { interval: 2s }`).health.checks.timeoutMs).toBe(2_000);
  });

  it('keep the weights that the file does not say', () => {
    const { weights } = load(`${LOCAL}score: { weights: { latency: 0.7 } }`).health.score;
    expect(weights).toEqual({ success: 0.5, latency: 0.7, quality: 0.3 });
  });
});

describe('the ranking of a model', () => {
  const settingsOf = (fields: string) =>
    load(
      `${LOCAL}targets: { local/y: { price: { input: 1, output: 1 } } }\nmodels: { m: { targets: [local/x, local/y]${fields} } }`,
    ).catalog.models['m']?.settings ?? {};

  it.each(['', ', order: listed'])('adds nothing to its settings when it is the default: "%s"', (fields) => {
    expect(Object.keys(settingsOf(fields)).filter((name) => /order|minimum/.test(name))).toEqual([]);
  });

  it.each(['reliability', 'latency', 'cost'])('may be by %s, with minimums of its own', (order) => {
    expect(settingsOf(`, order: ${order}, minimumSuccess: 0.5, minimumQuality: 0`)).toMatchObject({
      order,
      minimumSuccess: 0.5,
      minimumQuality: 0,
    });
  });

  it('leaves the minimums to the service also when the file says those', () => {
    const { catalog } = load(`${LOCAL}score: { minimumSuccess: 0.5 }\nmodels: { m: { targets: [local/x] } }`);
    expect(catalog.models['m']?.settings).not.toHaveProperty('minimumSuccess');
    expect(catalog.defaults).not.toHaveProperty('minimumSuccess');
  });
});

describe('a configuration file that is wrong about health', () => {
  it.each([
    ['breaker: { failureRatio: 0 }', 'breaker.failureRatio: must be above 0'],
    ['breaker: { failureRatio: 1.1 }', 'breaker.failureRatio: must be at most 1'],
    ['breaker: { minimumCalls: 0 }', 'breaker.minimumCalls: must be at least 1'],
    ['breaker: { minimumCalls: 1.5 }', 'breaker.minimumCalls: must be a whole number'],
    ['breaker: { window: 0s }', 'breaker.window: must be between 1ms and 1d'],
    ['breaker: { break: 25h }', 'breaker.break: must be between 1ms and 1d'],
    ['breaker: { break: 30 }', 'breaker.break: must be a number with a unit (ms, s, m, h or d), such as 30s'],
    ['breaker: 30s', 'breaker: must be a mapping'],
    ['healthChecks: { enabled: "no" }', 'healthChecks.enabled: must be true or false'],
    ['healthChecks: { interval: 0ms }', 'healthChecks.interval: must be between 1ms and 1d'],
    ['healthChecks: { timeout: 0ms }', 'healthChecks.timeout: must be between 1ms and 1d'],
    ['healthChecks: { always: 1 }', 'healthChecks.always: must be true or false'],
    ['score: { window: 2d }', 'score.window: must be between 1ms and 1d'],
    ['score: { weights: { latency: -1 } }', 'score.weights.latency: must be at least 0'],
    ['score: { weights: { success: "1" } }', 'score.weights.success: must be a number'],
    ['score: { minimumSuccess: 90 }', 'score.minimumSuccess: must be at most 1'],
    ['score: { minimumQuality: -0.1 }', 'score.minimumQuality: must be at least 0'],
    ['alerts: { repeatAfter: 31d }', 'alerts.repeatAfter: must be between 1ms and 30d'],
    ['admission: { maxInFlight: 0 }', 'admission.maxInFlight: must be at least 1'],
    [
      'targets: { local/x: { breaker: { failureRatio: 2 } } }',
      'targets.local/x.breaker.failureRatio: must be at most 1',
    ],
    ['models: { m: { targets: [local/x], minimumQuality: 2 } }', 'models.m.minimumQuality: must be at most 1'],
    [
      'models: { m: { targets: [local/x], order: fastest } }',
      'models.m.order: must be one of listed, reliability, latency, cost',
    ],
  ])('is told of %s', (line, problem) => {
    expect(problemsOf(LOCAL + line)).toEqual([`2 ${problem}`]);
  });

  it('is told the line of a field inside a provider', () => {
    const text = [
      'providers:',
      '  a:',
      '    type: simulated',
      '    limits:',
      '      maxConcurrent: 0',
      '      requestsPerMinute: many',
      '      tokensPerMinute: 0.5',
      '    breaker:',
      '      minimumCalls: -1',
    ].join('\n');
    expect(problemsOf(text)).toEqual([
      '5 providers.a.limits.maxConcurrent: must be at least 1',
      '6 providers.a.limits.requestsPerMinute: must be a number',
      '7 providers.a.limits.tokensPerMinute: must be a whole number',
      '9 providers.a.breaker.minimumCalls: must be at least 1',
    ]);
  });

  it.each([
    'breaker: { cooldown: 30s }',
    'healthChecks: { path: /up }',
    'score: { minimum: 1 }',
    'score: { weights: { cost: 1 } }',
    'alerts: { slack: x }',
    'admission: { maxQueued: 1 }',
    'targets: { local/x: { breaker: { isolated: true } } }',
    'targets: { local/x: { limits: { maxConcurrent: 1 } } }',
    'models: { m: { targets: [local/x], breaker: { break: 1s } } }',
    'defaults: { order: listed }',
  ])('is told of a field that there is not: %s', (line) => {
    expect(problemsOf(LOCAL + line)).toEqual([expect.stringMatching(/^2 .*: unknown field$/)]);
  });
});

describe('fields about health that do not fit each other', () => {
  it('are a timeout that is longer than the interval of the pings', () => {
    expect(problemsOf(`${LOCAL}healthChecks:\n  interval: 5s\n  timeout: 6s`)).toEqual([
      '4 healthChecks.timeout: is longer than the interval (5s)',
    ]);
    expect(problemsOf(`${LOCAL}healthChecks: { timeout: 16s }`)).toEqual([
      '2 healthChecks.timeout: is longer than the interval (15s)',
    ]);
  });

  it('are weights that are all 0', () => {
    expect(problemsOf(`${LOCAL}score:\n  weights: { success: 0, latency: 0, quality: 0 }`)).toEqual([
      '3 score.weights: needs one that is above 0',
    ]);
  });

  it('are the order cost and targets of which none has a price', () => {
    const text = [
      LOCAL.trimEnd(),
      'targets: { local/x: { price: { input: 1, output: 1 } }, local/y: { contextWindow: 8000 } }',
      'models:',
      '  a: { targets: [local/y, { target: local/x, system: Be brief. }], order: cost }',
      '  b: { targets: [local/y, local/z], order: cost }',
    ].join('\n');
    expect(problemsOf(text)).toEqual(['5 models.b.order: is cost, but none of the targets has a price']);
  });

  it('are not the order cost and a price that is wrong by itself', () => {
    const text = `${LOCAL}targets: { local/x: { price: { input: -1, output: 1 } } }\nmodels: { m: { targets: [local/x], order: cost } }`;
    expect(problemsOf(text)).toEqual(['2 targets.local/x.price.input: must be at least 0']);
  });
});

describe('the webhook of alerts', () => {
  const text = `${LOCAL}alerts: { webhook: "\${HOOK}" }`;

  it('may come from the environment, with a query and a path as they are', () => {
    const HOOK = 'https://hooks.example/services/T0/s3cr3t/?token=s3cr3t';
    expect(load(text, { HOOK }).alerts.webhook).toBe(HOOK);
  });

  it.each([
    ['hooks.example/s3cr3t', 'must be an http or https address'],
    ['', 'must be an http or https address'],
    ['file:///s3cr3t', 'must be an http or https address'],
    ['https://user:s3cr3t@hooks.example', 'must hold no user or password'],
  ])('is refused as %s, which is not repeated', (HOOK, message) => {
    expect(problemsOf(text, { HOOK })).toEqual([`2 alerts.webhook: ${message}`]);
  });

  it('is refused as a number, and when its variable is not set', () => {
    expect(problemsOf(`${LOCAL}alerts: { webhook: 5 }`)).toEqual(['2 alerts.webhook: must be a text']);
    expect(problemsOf(text)).toEqual(['2 alerts.webhook: the environment variable HOOK is not set']);
  });
});

describe('the hash of a configuration with words about health', () => {
  const text = [
    'providers: { a: { type: openai, apiKey: "${KEY}", limits: { maxConcurrent: 1 }, breaker: { break: 1s } } }',
    'targets: { a/x: { breaker: { break: 2s } } }',
    'alerts: { webhook: "${HOOK}", repeatAfter: 3s }',
  ].join('\n');
  const hash = (one: string, env = { KEY: 'k', HOOK: 'https://hooks.example/1' }) => load(one, env).catalog.configHash;

  it('depends neither on the webhook nor on the keys', () => {
    expect(hash(text, { KEY: 'l', HOOK: 'http://other.example/2' })).toBe(hash(text));
    expect(hash(text.replace('"${HOOK}"', 'null'))).toBe(hash(text));
  });

  it('depends on limits, breakers and how alerts are repeated', () => {
    const others = [
      text.replace('maxConcurrent: 1', 'maxConcurrent: 2'),
      text.replace('1s', '9s'),
      text.replace('2s', '9s'),
      text.replace('3s', '9s'),
      `${text}\nbreaker: { minimumCalls: 9 }`,
    ];
    expect(new Set([text, ...others].map((one) => hash(one))).size).toBe(6);
  });
});
