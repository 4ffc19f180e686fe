import { test } from 'vitest';
import { spawn, execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '../support/polling.ts';
import { chat, startTestService } from '../support/service.ts';
import { temporalExecutable } from '../support/temporal-executable.ts';
const run = promisify(execFile);
test('rate limited Temporal, superseded window, deleted while waiting', async () => {
  const exe = await temporalExecutable();
  const port = 19233 + Math.floor(Math.random() * 1000);
  const server = spawn(exe, ['server', 'start-dev', '--ip=127.0.0.1', `--port=${port}`, '--headless', '--log-level=error',
    '--dynamic-config-value=frontend.namespaceRPS=60', '--dynamic-config-value=frontend.namespaceCount=3',
    '--search-attribute', 'HoldfastModel=Keyword', '--search-attribute', 'HoldfastState=Keyword', '--search-attribute', 'HoldfastTarget=Keyword', '--search-attribute', 'HoldfastTags=KeywordList'], { stdio: 'ignore' });
  try {
    await eventually(async () => { try { await run(exe, ['operator', 'cluster', 'health', '--address', `127.0.0.1:${port}`]); return true; } catch { return false; } }, 20_000);
    await new Promise(f => setTimeout(f, 1500));
    process.env['TEMPORAL_ADDRESS'] = `127.0.0.1:${port}`;
    const service = await startTestService({ env: { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, HOLDFAST_LOG_LEVEL: 'error' } });
    try {
      const t = performance.now();
      const rs = await Promise.all(Array.from({ length: 300 }, () => service.request('/v1/inferences', { body: chat('single') })));
      const by: Record<string, number> = {}; for (const r of rs) { const k = `${r.status} ${r.body.error?.code ?? ''} ${r.headers.get('x-should-retry')}`; by[k] = (by[k] ?? 0) + 1; }
      console.log('RPS-LIMITED', by, performance.now() - t);
      await new Promise(f => setTimeout(f, 12_000));
      const ids = rs.filter(r => r.status === 202).map(r => r.body.id).slice(0, 10);
      const ws = await Promise.all(ids.map(id => service.request(`/v1/inferences/${id}?wait=20`)));
      console.log('WAITS', ws.map(w => `${w.status} ${w.body.status ?? w.body.error.code}`));
      const cs = await Promise.all(Array.from({ length: 12 }, () => service.request('/v1/chat/completions', { body: chat('single') })));
      console.log('CHATS', cs.map(w => `${w.status} ${w.body.error?.code}`));
    } finally { await service.stop(); }
  } finally { server.kill(); }
}, 120_000);
