import { afterAll, beforeAll, expect, test } from 'vitest';
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdtempSync } from 'node:fs';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { startWorkerProcess } from '../support/worker-process.ts';
import { temporalExecutable } from '../support/temporal-executable.ts';
import { synchronousAnswer } from '../../src/http/synchronous-answer.ts';
import { Waiting } from '../../src/http/waiting.ts';
import { EventEmitter } from 'node:events';
const run = promisify(execFile);
const line = (c: any) => `${c.target} ${c.attempt} ${c.kind ?? c.outcome}${c.possibly_billed ? '?' : ''}`;

test('crowded spin', async () => {
  const waiting = new Waiting();
  const place = waiting.enter(new EventEmitter() as any);
  let waits = 0;
  const inferences: any = { wait: async () => { waits++; return { type: 'pending' }; }, get: async () => ({ type: 'unavailable', startUnknown: false }) };
  let maxGap = 0; let last = performance.now();
  const t = setInterval(() => { maxGap = Math.max(maxGap, performance.now() - last); last = performance.now(); }, 5);
  await synchronousAnswer({ inferences, waiting } as any, { inference: { id: 'inf-x', endedAt: null } as any, deadlineMs: 1000, isJoinable: false }, place).catch(() => 0);
  await new Promise(f => setTimeout(f, 20));
  clearInterval(t);
  console.log('SPIN waits', waits, 'event loop blocked ms', maxGap);
});

test('cancel in attempt 2, then late worker', async () => {
  const service = await startTestService({ role: 'api', config: (simulator) => ({
    providers: { one: { type: 'openai', apiKey: 'k1', baseUrl: simulator.baseUrl('one', 'openai') } },
    models: { twice: { targets: ['one/m1'] , maxAttemptsPerTarget: 2}, single: { targets: ['one/m1'], maxAttemptsPerTarget: 1 } },
  })});
  try {
    // late worker
    service.simulator.inject({ fault: { type: 'delay', headersMs: 3500 } });
    const r = await service.request('/v1/chat/completions', { body: chat('single'), headers: { 'x-holdfast-deadline': '4s' } });
    const id = r.body.error.inference_id;
    console.log('LATE', r.status, id);
    const at = performance.now();
    const worker = await startWorkerProcess(service);
    const d = await service.request(`/v1/inferences/${id}?wait=20`);
    console.log('LATE WORKER', d.body.status, d.body.calls.map(line), 'seconds after the deadline', (performance.now() - at) / 1000, 'wire', service.simulator.requests.length);
    service.simulator.clear();
    // cancel in attempt 2
    service.simulator.inject({ account: 'one', fault: { type: 'stall', afterChunks: 0 } });
    service.simulator.clear();
    const cut = service.simulator.inject({ account: 'one', fault: { type: 'cut' } });
    const n = service.simulator.requests.length;
    const r2 = await service.request('/v1/inferences', { body: chat('twice') });
    await eventually(() => service.simulator.requests.length > n);
    await new Promise(f => setTimeout(f, 300));
    cut();
    service.simulator.inject({ account: 'one', fault: { type: 'delay', headersMs: 20_000 } });
    await eventually(() => service.simulator.requests.length > n + 1);
    await service.request(`/v1/inferences/${r2.body.id}/cancel`, { method: 'POST' });
    const d2 = await service.request(`/v1/inferences/${r2.body.id}?wait=10`);
    service.simulator.clear();
    console.log('CANCEL2', d2.body.status, d2.body.calls.map(line), 'wire', service.simulator.requests.length - n);
    await worker.kill();
  } finally { await service.stop(); }
}, 90_000);

test('continue as new', async () => {
  const exe = await temporalExecutable();
  const port = 17233 + Math.floor(Math.random() * 1000);
  const server = spawn(exe, ['server', 'start-dev', '--ip=127.0.0.1', `--port=${port}`, '--headless', '--log-level=error',
    '--dynamic-config-value=limit.historyCount.suggestContinueAsNew=12',
    '--search-attribute', 'HoldfastModel=Keyword', '--search-attribute', 'HoldfastState=Keyword', '--search-attribute', 'HoldfastTarget=Keyword', '--search-attribute', 'HoldfastTags=KeywordList'], { stdio: 'inherit' });
  try {
    await eventually(async () => { try { await run(exe, ['operator', 'cluster', 'health', '--address', `127.0.0.1:${port}`]); return true; } catch { return false; } }, 20_000);
    await new Promise(f => setTimeout(f, 1500));
    process.env['TEMPORAL_ADDRESS'] = `127.0.0.1:${port}`; const service = await startTestService({ env: { TEMPORAL_ADDRESS: `127.0.0.1:${port}` } });
    try {
      const broken = service.simulator.inject({ fault: { type: 'error', situation: 'auth' } });
      const body = { ...chat('pair'), strategy: { type: 'failover', targets: ['one/m1', 'two/m2'], max_attempts_per_target: 1, on_exhausted: 'wait' }, deadline: '14s', metadata: { a: 'b' } };
      const r = await service.request('/v1/inferences', { body, headers: { 'idempotency-key': 'can' } });
      console.log('CAN', r.status, r.body.id ?? r.body);
      const id = r.body.id;
      const w = service.request(`/v1/inferences/${id}?wait=40`);
      await new Promise(f => setTimeout(f, 8500));
      const mid = await service.request(`/v1/inferences/${id}`);
      console.log('CAN mid', mid.status, mid.body.status, mid.body.model, mid.body.metadata, mid.body.calls?.map(line), mid.body.error?.message);
      const runs: any[] = []; for await (const x of service.temporal.workflow.list({ query: `WorkflowId='${id}'` })) runs.push([x.status.name, JSON.stringify(x.memo)?.slice(0, 80), JSON.stringify(x.searchAttributes).slice(0,200), x.startTime.toISOString()]);
      console.log('CAN runs', runs);
      const done = await w;
      console.log('CAN wait', done.status, done.body.status, done.body.error, done.body.calls?.map(line));
      broken();
      const handle = service.temporal.workflow.getHandle(id);
      const d = await handle.describe();
      console.log('CAN last run', d.status.name, d.historyLength, (d.raw.executionConfig as any)?.workflowRunTimeout);
      const list = await service.request('/v1/inferences?metadata.a=b');
      console.log('CAN list', list.body.data.map((x: any) => [x.id, x.status]));
      console.log((await run(exe, ['workflow', 'reset', '-w', id, '--type', 'FirstWorkflowTask', '--reason', 'x', '--address', `127.0.0.1:${port}`])).stdout);
      const re = await service.request(`/v1/inferences/${id}?wait=20`);
      console.log('CAN reset first', re.body.status, re.body.error?.code, re.body.calls?.map(line));
    } finally { await service.stop(); }
  } finally { server.kill(); }
}, 90_000);
