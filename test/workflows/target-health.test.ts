// The workflow `target-health` lives for ever: it goes on in a new run before its history grows too long, keeps what it
// knows, and is there again when somebody ends it by hand.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { startTestService, threeProviders } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    config: (simulator) => ({ ...threeProviders(simulator), healthChecks: { interval: '1s' } }),
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

const handle = () => service.temporal.workflow.getHandle('target-health');
const breakerOf = async (id: string) =>
  (await service.request('/v1/targets')).body.data.find((one: { id: string }) => one.id === id).breaker.state;

test('goes on in a new run, with all that it knows and with its pings', { timeout: 120_000 }, async () => {
  expect((await service.request('/v1/targets/two/m2/isolate', { method: 'POST' })).status).toBe(200);
  const { runId } = await handle().describe();
  await eventually(async () => {
    const reports = Array.from({ length: 50 }, (_, index) =>
      handle().signal('report', { from: `worker-${index % 5}`, atMs: Date.now() }),
    );
    await Promise.all(reports);
    // More of them at once than a server holds back for a running task would end that task.
    await eventually(async () => !(await handle().describe()).raw.pendingWorkflowTask);
    return (await handle().describe()).runId !== runId;
  }, 100_000);

  const { memo, raw, historyLength } = await handle().describe();
  expect(historyLength).toBeLessThan(1_000);
  expect(memo?.['health']).toMatchObject({ circuits: { 'two/m2': { isolatedAtMs: expect.any(Number) } } });
  await eventually(async () => {
    const { raw: latest } = await handle().describe();
    return (latest.pendingActivities ?? raw.pendingActivities ?? []).some(
      ({ activityType }) => activityType?.name === 'pingTargets',
    );
  });
  const before = service.simulator.requests.length;
  await eventually(() => service.simulator.requests.length > before);
  expect(await breakerOf('two/m2')).toBe('isolated');
});

test('ended by hand, it is there again with the next report, and open circuits with it', {
  timeout: 60_000,
}, async () => {
  service.simulator.inject({
    account: 'three',
    fault: { type: 'error', situation: 'rate-limit', retryAfterMs: 600_000 },
  });
  const body = { model: 'three/m3', messages: [{ role: 'user', content: 'Hello.' }] };
  await service.request('/v1/chat/completions', { body });
  expect(await breakerOf('three/m3')).toBe('open');
  await handle().terminate('by hand');
  await eventually(async () => {
    const { memo, status, raw } = await handle().describe();
    const health = memo?.['health'] as { circuits?: Record<string, unknown> } | undefined;
    const isPinging = raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'pingTargets');
    return status.name === 'RUNNING' && health?.circuits?.['three/m3'] !== undefined && isPinging;
  }, 30_000);
});
