import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { CallRecord } from '../../src/domain/call.ts';
import type { CircuitView, TargetView } from '../../src/domain/health.ts';
import { NOTHING_KNOWN } from '../../src/domain/score.ts';
import { buildWorkerServer } from '../../src/http/worker-server.ts';
import { createLogger } from '../../src/log.ts';
import type { Metrics } from '../../src/metrics.ts';
import { createMetrics } from '../../src/metrics.ts';
import { catalog, serverWithoutTemporal } from './server-without-temporal.ts';

const GPT = { provider: 'openai', model: 'gpt-4o' };
const ON_GPT = 'gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o"';

const succeeded: CallRecord = {
  target: 'openai/gpt-4o',
  model: 'gpt-4o-2024-08-06',
  attempt: 1,
  outcome: 'succeeded',
  kind: null,
  startedAt: '2026-01-01T00:00:00.000Z',
  durationMs: 1_500,
  firstTokenMs: 300,
  usage: { inputTokens: 1_000, cachedInputTokens: null, outputTokens: 20, reasoningTokens: null },
  costUsd: 0.25,
  providerRequestId: 'req-secret',
  possiblyBilled: false,
  message: 'a secret message',
};

const failed: CallRecord = {
  ...succeeded,
  outcome: 'failed',
  kind: 'rate-limited',
  firstTokenMs: null,
  usage: null,
  costUsd: null,
};

const closed: CircuitView = { state: 'closed', sinceMs: null, untilMs: null, cause: null };

const view: TargetView = {
  name: 'openai/gpt-4o',
  health: 'healthy',
  breaker: closed,
  account: closed,
  hasSpike: false,
  score: NOTHING_KNOWN,
  budget: null,
};

let views: readonly TargetView[];
let metrics: Metrics;

beforeEach(() => {
  views = [];
  metrics = createMetrics({ catalog, health: () => views, votesHeld: () => 2 });
});

/** The series of our metrics, without buckets. */
async function series(): Promise<string[]> {
  const lines = (await metrics.text()).split('\n');
  return lines.filter((line) => /^(gen_ai|holdfast)_/.test(line) && !/_bucket\b/.test(line));
}

function countEverything(provider: string, model: string): void {
  metrics.callEnded({ provider, model, record: succeeded });
  metrics.pingEnded({ provider, model, outcome: 'succeeded', durationMs: 1, costUsd: 1 });
  metrics.queueWaited({ provider, waitedMs: 1 });
  metrics.inferenceEnded({ model: `${provider}/${model}`, outcome: 'succeeded', code: null, durationMs: 1 });
  metrics.inferenceEnded({ model, outcome: 'succeeded', code: null, durationMs: 1 });
  metrics.inferenceRefused({ reason: 'queue-full' });
  metrics.voted({ model, outcome: 'agreed', decidedBy: 'votes' });
  metrics.hedged({ model, result: 'sent' });
  metrics.webhookAttempted({ outcome: 'delivered' });
}

describe('a call', () => {
  test('that succeeded has its duration, first token, tokens and cost', async () => {
    for (let i = 0; i < 2; i++) metrics.callEnded({ ...GPT, record: succeeded });
    const chat = `gen_ai_operation_name="chat",${ON_GPT}`;
    expect(await series()).toEqual(
      expect.arrayContaining([
        `holdfast_calls_total{${ON_GPT},outcome="succeeded",kind=""} 2`,
        `holdfast_call_cost_usd_total{${ON_GPT}} 0.5`,
        `gen_ai_client_operation_duration_seconds_sum{${chat},error_type=""} 3`,
        `gen_ai_client_operation_time_to_first_chunk_seconds_sum{${chat}} 0.6`,
        `gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="input"} 2000`,
        `gen_ai_client_token_usage_count{${chat},gen_ai_token_type="output"} 2`,
      ]),
    );
    // Neither the provider's id nor a message gets into a label.
    expect(await metrics.text()).not.toContain('secret');
  });

  test('that failed has its kind, and nothing of what is not known', async () => {
    metrics.callEnded({ ...GPT, record: failed });
    const lines = await series();
    expect(lines).toContain(`holdfast_calls_total{${ON_GPT},outcome="failed",kind="rate-limited"} 1`);
    expect(lines.join('\n')).toContain('error_type="rate-limited"} 1.5');
    expect(lines.join('\n')).not.toMatch(/token_usage|first_chunk|cost/);
  });

  test('that was never sent, or whose worker was lost, is counted but not timed', async () => {
    metrics.callEnded({ ...GPT, record: { ...failed, kind: 'worker-lost', durationMs: 0 } });
    const lines = await series();
    expect(lines).toContain(`holdfast_calls_total{${ON_GPT},outcome="failed",kind="worker-lost"} 1`);
    expect(lines.join('\n')).not.toContain('duration');
  });

  test('has the buckets that the conventions recommend', async () => {
    metrics.callEnded({ ...GPT, record: succeeded });
    const text = await metrics.text();
    const bounds = (name: string) =>
      [...text.matchAll(new RegExp(`^${name}_bucket\\{le="([\\d.]+)".*(?:error_type=""|input")`, 'gm'))].map(
        ([, bound]) => Number(bound),
      );
    expect(bounds('gen_ai_client_operation_duration_seconds')).toEqual([
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ]);
    expect(bounds('gen_ai_client_token_usage')).toEqual([
      1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
    ]);
  });
});

test('inferences, waits, pings, alerts and refusals are counted', async () => {
  metrics.inferenceEnded({ model: 'summarize', outcome: 'failed', code: 'all_targets_failed', durationMs: 2_000 });
  metrics.inferenceEnded({ model: 'openai/gpt-4o', outcome: 'succeeded', code: null, durationMs: -5 });
  metrics.inferenceRefused({ reason: 'queue-full' });
  metrics.queueWaited({ provider: 'openai', waitedMs: 250 });
  metrics.pingEnded({ ...GPT, outcome: 'succeeded', durationMs: 100, costUsd: 0.001 });
  metrics.pingEnded({ ...GPT, outcome: 'failed', durationMs: 100, costUsd: null });
  metrics.alerted({ type: 'breaker-opened' });
  metrics.webhookAttempted({ outcome: 'delivered' });
  metrics.voted({ model: 'summarize', outcome: 'split', decidedBy: null });
  metrics.voted({ model: 'made-up', outcome: 'agreed', decidedBy: 'votes' });
  metrics.hedged({ model: 'summarize', result: 'budget' });
  expect(await series()).toEqual(
    expect.arrayContaining([
      'holdfast_inferences_total{model="summarize",outcome="failed",code="all_targets_failed"} 1',
      'holdfast_inferences_total{model="openai/gpt-4o",outcome="succeeded",code=""} 1',
      'holdfast_inference_duration_seconds_sum{model="summarize",outcome="failed"} 2',
      'holdfast_inference_duration_seconds_sum{model="openai/gpt-4o",outcome="succeeded"} 0',
      'holdfast_inferences_refused_total{reason="queue-full"} 1',
      'holdfast_queue_wait_seconds_sum{gen_ai_provider_name="openai"} 0.25',
      `holdfast_pings_total{${ON_GPT},outcome="succeeded"} 1`,
      `holdfast_pings_total{${ON_GPT},outcome="failed"} 1`,
      `holdfast_ping_duration_seconds_sum{${ON_GPT},outcome="failed"} 0.1`,
      `holdfast_ping_cost_usd_total{${ON_GPT}} 0.001`,
      'holdfast_verdicts_total{model="summarize",outcome="split",decided_by=""} 1',
      'holdfast_verdicts_total{model="other",outcome="agreed",decided_by="votes"} 1',
      'holdfast_hedges_total{model="summarize",result="budget"} 1',
      'holdfast_votes_held 2',
      'holdfast_alerts_total{type="breaker-opened"} 1',
      'holdfast_webhook_attempts_total{outcome="delivered"} 1',
      // There from the start, so that the first alert is an increase.
      'holdfast_alerts_total{type="chain-exhausted"} 0',
    ]),
  );
});

describe('the health of targets', () => {
  test('is 1 for the state and the health that each is in, and 0 for the others', async () => {
    views = [{ ...view, health: 'out', breaker: { ...closed, state: 'half-open' } }];
    const lines = (await series()).filter((line) => /state|health/.test(line));
    expect(lines).toEqual([
      `holdfast_breaker_state{${ON_GPT},state="closed"} 0`,
      `holdfast_breaker_state{${ON_GPT},state="open"} 0`,
      `holdfast_breaker_state{${ON_GPT},state="half-open"} 1`,
      `holdfast_breaker_state{${ON_GPT},state="isolated"} 0`,
      'holdfast_account_state{gen_ai_provider_name="openai",state="closed"} 1',
      'holdfast_account_state{gen_ai_provider_name="openai",state="open"} 0',
      'holdfast_account_state{gen_ai_provider_name="openai",state="half-open"} 0',
      'holdfast_account_state{gen_ai_provider_name="openai",state="isolated"} 0',
      `holdfast_target_health{${ON_GPT},health="healthy"} 0`,
      `holdfast_target_health{${ON_GPT},health="degraded"} 0`,
      `holdfast_target_health{${ON_GPT},health="out"} 1`,
    ]);
  });

  test('comes with its budget, as far as there is one', async () => {
    const together = { ...view, name: 'together/meta/llama' };
    const ON_LLAMA = 'gen_ai_provider_name="together",gen_ai_request_model="meta/llama"';
    views = [
      { ...view, budget: { inFlight: 3, depth: 7, waitMs: 100, allowance: 4 } },
      { ...together, budget: { inFlight: 1, depth: 0, waitMs: 0, allowance: null } },
    ];
    const budgets = async () => (await series()).filter((line) => /depth|allowance|in_flight/.test(line));
    expect(await budgets()).toEqual([
      `holdfast_queue_depth{${ON_GPT}} 7`,
      `holdfast_queue_depth{${ON_LLAMA}} 0`,
      `holdfast_allowance{${ON_GPT}} 4`,
      `holdfast_calls_in_flight{${ON_GPT}} 3`,
      `holdfast_calls_in_flight{${ON_LLAMA}} 1`,
    ]);
    views = [view, together];
    expect(await budgets()).toEqual([]);
  });

  test('is shown of configured targets only', async () => {
    views = [{ ...view, name: 'openai/made-up' }];
    expect((await series()).join('\n')).not.toMatch(/state|health/);
  });
});

describe('the number of series', () => {
  test('does not grow with the models that clients make up', async () => {
    countEverything('openai', 'made-up');
    countEverything('nobody', 'made-up');
    const before = await series();
    for (let i = 0; i < 1_000; i++) {
      // One of a configured provider, one of nobody's, and one that another provider has.
      countEverything('openai', `made-up-${i}`);
      countEverything(`nobody-${i}`, `made-up-${i}`);
      countEverything('openai', 'meta/llama');
    }
    const lines = await series();
    expect(lines).toHaveLength(before.length);
    expect(lines.join('\n')).not.toMatch(/made-up|nobody|llama/);
    expect(lines).toContain(
      'holdfast_calls_total{gen_ai_provider_name="openai",gen_ai_request_model="other",outcome="succeeded",kind=""} 2001',
    );
  });
});

test('several services of one process count apart, and share what is of the process', async () => {
  const another = createMetrics({ catalog, health: () => [], votesHeld: () => 0 });
  metrics.alerted({ type: 'account-out' });
  expect(await metrics.text()).toContain('holdfast_alerts_total{type="account-out"} 1');
  const text = await another.text();
  expect(text).toContain('holdfast_alerts_total{type="account-out"} 0');
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \S+$/m);
});

describe('GET /metrics', () => {
  test('needs no API key, and is in the form that Prometheus reads', async () => {
    const { app, used } = await serverWithoutTemporal({
      apiKeys: [{ name: 'a', sha256: '0'.repeat(64), operator: false }],
    });
    const response = await app.inject('/metrics');
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.body).toContain('# TYPE holdfast_calls_total counter');
    expect(used).toEqual([]);
  });
});

describe('the server of a worker', async () => {
  let reason: string | null = null;
  const app = await buildWorkerServer({
    metrics: createMetrics({ catalog, health: () => [], votesHeld: () => 0 }),
    logger: createLogger({ level: 'silent', pretty: false }),
    version: '1.2.3',
    notReadyReason: () => Promise.resolve(reason),
  });

  test('is alive, and has metrics', async () => {
    expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok', version: '1.2.3' });
    const response = await app.inject('/metrics');
    expect(response.headers['content-type']).toMatch(/^text\/plain; version=/);
    expect(response.body).toContain('# TYPE holdfast_calls_total counter');
  });

  test('is ready until there is a reason not to be', async () => {
    expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready' });
    reason = 'no worker is polling';
    const response = await app.inject('/readyz');
    expect(response.statusCode).toBe(503);
    expect(response.json().error).toMatchObject({ code: 'not_ready', message: 'Not ready: no worker is polling.' });
  });

  test('has no API', async () => {
    for (const url of ['/v1/models', '/openapi.json', '/docs/']) {
      const response = await app.inject(url);
      expect(response.json().error).toMatchObject({ code: 'route_not_found' });
    }
  });
});

describe('docs/metrics.md', () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `((?:gen_ai_client|holdfast)_\w+)` +\| (\w+) +\| ([^|]+?) +\|/gm)];
  const documented = new Map(rows.map(([, name = '', type = '', labels = '']) => [name, { type, labels }]));

  test('describes exactly the metrics there are, by type', async () => {
    const types = [...(await metrics.text()).matchAll(/^# TYPE (\w+) (\w+)$/gm)];
    const ours = types
      .filter(([, name = '']) => !/^(process|nodejs)_/.test(name))
      .map(([, name, type]) => [name, type]);
    expect(Object.fromEntries([...documented].map(([name, { type }]) => [name, type]))).toEqual(
      Object.fromEntries(ours),
    );
  });

  test('lists the labels of each', async () => {
    countEverything(GPT.provider, GPT.model);
    views = [{ ...view, budget: { inFlight: 1, depth: 1, waitMs: 1, allowance: 1 } }];
    const lines = await series();
    for (const [name, { labels }] of documented) {
      const line = lines.find((each) => each.startsWith(`${name}{`) || each.startsWith(`${name}_sum{`));
      const names = [...(line ?? '').matchAll(/(\w+)="/g)].map(([, label]) => `\`${label}\``);
      expect({ name, labels }).toEqual({ name, labels: names.join(', ') || 'none' });
    }
  });

  test('has alerts on metrics that exist', () => {
    const expressions = [...page.matchAll(/```promql\n([^`]+)```/g)].map(([, expression = '']) => expression);
    expect(expressions).toHaveLength(3);
    for (const expression of expressions) {
      const [name = ''] = /holdfast_\w+/.exec(expression) ?? [];
      expect([...documented.keys()]).toContain(name.replace(/_bucket$/, ''));
    }
  });
});
