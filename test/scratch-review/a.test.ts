import { afterAll, beforeAll, expect, test } from 'vitest';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { temporalExecutable } from '../support/temporal-executable.ts';
const run = promisify(execFile);
let service: TestService;
let exe: string;
beforeAll(async () => { exe = await temporalExecutable(); service = await startTestService({config: (simulator) => ({
    providers: {
      one: { type: 'openai', apiKey: 'k1', baseUrl: simulator.baseUrl('one', 'openai') },
      two: { type: 'anthropic', apiKey: 'k2', baseUrl: simulator.baseUrl('two', 'anthropic') },
      local: { type: 'openai-compatible', baseUrl: simulator.baseUrl('local', 'openai') },
    },
    models: { twice: { targets: ['one/m1'] , maxAttemptsPerTarget: 2}, single: { targets: ['one/m1'], maxAttemptsPerTarget: 1 },
      pair: { targets: ['one/m1', 'two/m2'], maxAttemptsPerTarget: 1 } },
  })}); }, 100_000);
afterAll(() => service.stop());
const cli = async (...a: string[]) => { try { const r = await run(exe, [...a, '--address', service.temporalAddress]); return r.stdout + r.stderr; } catch (e: any) { return 'ERR ' + e.stdout + e.stderr; } };
const line = (c: any) => `${c.target} ${c.attempt} ${c.kind ?? c.outcome}${c.possibly_billed ? '?' : ''}`;

test('concurrent replays', async () => {
  const broken = service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });
  const r = await service.request('/v1/chat/completions', { body: chat('single') });
  const id = r.body.error.inference_id; broken();
  const slow = service.simulator.inject({ fault: { type: 'delay', headersMs: 1500 } });
  const before = service.simulator.requests.length;
  const rs = await Promise.all([1,2,3,4].map(() => service.request(`/v1/inferences/${id}/replay`, { method: 'POST' })));
  console.log('REPLAYS', rs.map(r => [r.status, r.body.error?.code, r.body.temporal?.run_id]));
  const d = await service.request(`/v1/inferences/${id}?wait=10`);
  slow();
  console.log('REPLAYS wire', service.simulator.requests.length - before, d.body.status, d.body.calls.map(line));
});

test('workflow paused by an operator', async () => {
  const slow = service.simulator.inject({ fault: { type: 'delay', headersMs: 4000 } });
  const r = await service.request('/v1/inferences', { body: chat('single') });
  const id = r.body.id;
  console.log('PAUSE', (await cli('workflow', 'pause', '-w', id)).slice(0, 300));
  const t = performance.now();
  const g = await service.request(`/v1/inferences/${id}`);
  console.log('PAUSED GET', g.status, g.body.status ?? g.body, performance.now() - t);
  console.log('UNPAUSE', (await cli('workflow', 'unpause', '-w', id)).slice(0, 300));
  const d = await service.request(`/v1/inferences/${id}?wait=10`);
  slow();
  console.log('PAUSED end', d.body.status, d.body.calls?.map(line));
});

test('activity paused / reset by an operator', async () => {
  for (const what of ['pause', 'reset']) {
    const slow = service.simulator.inject({ fault: { type: 'delay', headersMs: 20_000 } });
    const r = await service.request('/v1/inferences', { body: chat('twice') });
    const id = r.body.id;
    await eventually(() => service.simulator.requests.length > 0);
    console.log('ACT', what, (await cli('activity', what, '-w', id, '--activity-id', '1')).slice(0, 300));
    await new Promise((f) => setTimeout(f, 9000));
    slow();
    console.log((await cli('workflow', 'describe', '-w', id)).split('\n').filter(l => /Pending|State|Attempt|Failure|Paused|Status/.test(l)).join('\n'));
    if (what === 'pause') console.log(await cli('activity', 'unpause', '-w', id, '--activity-id', '1'));
    const d = await service.request(`/v1/inferences/${id}?wait=15`);
    console.log('ACT end', what, d.body.status, d.body.error, d.body.calls?.map(line));
  }
}, 90_000);

test('cancel in attempt 2', async () => {
  const cut = service.simulator.inject({ account: 'one', fault: { type: 'cut' }, times: 1 } as any);
  const slow = service.simulator.inject({ account: 'one', fault: { type: 'delay', headersMs: 20_000 } });
  service.simulator.clear();
  service.simulator.inject({ account: 'one', fault: { type: 'cut' } });
  const n = service.simulator.requests.length;
  const r = await service.request('/v1/inferences', { body: chat('twice') });
  const id = r.body.id;
  await eventually(() => service.simulator.requests.length > n);
  service.simulator.clear();
  service.simulator.inject({ account: 'one', fault: { type: 'delay', headersMs: 20_000 } });
  await eventually(() => service.simulator.requests.length > n + 1);
  await service.request(`/v1/inferences/${id}/cancel`, { method: 'POST' });
  const d = await service.request(`/v1/inferences/${id}?wait=10`);
  service.simulator.clear();
  console.log('CANCEL2', d.body.status, d.body.calls.map(line), 'wire', service.simulator.requests.length - n);
});

test('reset of a running one while its call is under way', async () => {
  const n = service.simulator.requests.length;
  service.simulator.inject({ account: 'one', fault: { type: 'delay', headersMs: 3000 } });
  const p = service.request('/v1/chat/completions', { body: chat('single') });
  await eventually(() => service.simulator.requests.length > n);
  const [row] = await eventually(async () => { const l: any[] = []; for await (const w of service.temporal.workflow.list({ query: `ExecutionStatus='Running'` })) l.push(w); return l.length ? l : null; });
  console.log(await cli('workflow', 'reset', '-w', row.workflowId, '--type', 'LastWorkflowTask', '--reason', 'x'));
  const a = await p;
  console.log('RESET RUNNING', a.status, a.headers.get('x-holdfast-calls'), 'wire', service.simulator.requests.length - n);
  const d = await service.request(`/v1/inferences/${row.workflowId}`);
  console.log(d.body.calls.map(line));
  service.simulator.clear();
});

test('temporal killed while waiting', async () => {
  const { temporalServerPid } = await import('../support/worker-process.ts').catch(() => ({} as any)) as any;
  service.simulator.inject({ account: 'one', fault: { type: 'delay', headersMs: 3000 } });
  const n = service.simulator.requests.length;
  const p = service.request('/v1/chat/completions', { body: chat('single') });
  await eventually(() => service.simulator.requests.length > n);
  const { readdirSync, readFileSync } = await import('node:fs');
  let pid = 0;
  for (const name of readdirSync('/proc')) { if (!/^\d+$/.test(name)) continue; try { const [e, ...rest] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0'); if (e?.endsWith('temporal') && rest.some(a => a.includes(service.dataDir))) pid = Number(name); } catch {} }
  process.kill(pid, 'SIGKILL');
  const t = performance.now();
  const a = await p;
  console.log('TEMPORAL KILLED', a.status, a.headers.get('x-holdfast-calls'), 'wire', service.simulator.requests.length - n, performance.now() - t, a.body.error);
  service.simulator.clear();
}, 150_000);
