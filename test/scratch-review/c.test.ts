import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
let service: TestService;
beforeAll(async () => { service = await startTestService(); }, 100_000);
afterAll(() => service.stop());
const startOne = (id: string, status = '') => service.temporal.workflow.start('failover', { workflowId: id, taskQueue: 'nobody', args: [{}], memo: { inference: { owner: null, model: 'm', deadlineMs: 1000, metadata: {}, fingerprint: 'x' }, createdAt: new Date().toISOString() } });
test('quotes', async () => {
  for (const v of ["a'b", 'a"b', 'a\\b', "a\\'b", 'a%b_', 'ä€😀', "x' OR '1'='1", 'a;b--', 'a`b', 'tab\tb', 'nl\nb']) {
    const r = await service.request('/v1/inferences', { body: { ...chat('single'), metadata: { "k'": v } } });
    if (r.status !== 202) { console.log('Q', JSON.stringify(v), r.status, r.body); continue; }
    let found: any;
    await eventually(async () => { found = await service.request(`/v1/inferences?${new URLSearchParams({ ["metadata.k'"]: v })}`); return found.status !== 200 || found.body.data.some((d: any) => d.id === r.body.id); }, 4000).catch(() => {});
    console.log('Q', JSON.stringify(v), found.status, found.body.data?.length ?? found.body.error);
  }
}, 60_000);
test('paging, equal ms', async () => {
  const ids = Array.from({ length: 400 }, (_, i) => `inf-${String(i).padStart(26, '0')}`);
  for (let i = 0; i < ids.length; i += 50) await Promise.all(ids.slice(i, i + 50).map((id) => startOne(id)));
  await new Promise(f => setTimeout(f, 3000));
  const seen = new Set<string>(); let after: string | null = null; let pages = 0;
  do {
    const r: any = await service.request(`/v1/inferences?limit=7&status=running${after ? `&after=${after}` : ''}`);
    if (r.status !== 200) { console.log('PAGE', r.status, r.body); break; }
    for (const d of r.body.data) seen.add(d.id);
    after = r.body.next; pages++;
  } while (after && pages < 200);
  console.log('PAGES', pages, 'seen', ids.filter(i => seen.has(i)).length, 'of', ids.length);
}, 60_000);
test('superseded only window', async () => {
  const broken = service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });
  const old = await service.request('/v1/chat/completions', { body: chat('single') });
  await new Promise(f => setTimeout(f, 61_000));
  const r = await service.request('/v1/chat/completions', { body: chat('single') });
  const id = r.body.error.inference_id;
  for (let i = 0; i < 7; i++) { const x = await service.request(`/v1/inferences/${id}/replay`, { method: 'POST' }); await service.request(`/v1/inferences/${id}?wait=5`); }
  broken();
  await service.request(`/v1/inferences/${id}/replay`, { method: 'POST' }); await service.request(`/v1/inferences/${id}?wait=5`);
  await new Promise(f => setTimeout(f, 2000));
  const l = await service.request(`/v1/inferences?status=failed&limit=5`);
  console.log('SUPERSEDED', l.body.data.map((d: any) => d.id), l.body.next, 'older failed:', old.body.error.inference_id);
}, 120_000);
test('many rows', async () => {
  const ids = Array.from({ length: 1900 }, (_, i) => `inf-z${String(i).padStart(26, '0')}`);
  for (let i = 0; i < ids.length; i += 60) await Promise.all(ids.slice(i, i + 60).map(async (id) => { const h = await startOne(id); await h.terminate(); }));
  await new Promise(f => setTimeout(f, 5000));
  const t = performance.now();
  const rs = await Promise.all([5, 6, 7].map((n) => service.request(`/v1/inferences?limit=${n}&status=failed`)));
  console.log('MANY', rs.map(r => [r.status, r.body.data?.length ?? r.body.error]), performance.now() - t);
}, 180_000);
