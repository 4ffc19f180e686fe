import { test } from 'vitest';
import { createHash } from 'node:crypto';
import { chat, startTestService } from '../support/service.ts';
const hash = (s: string) => createHash('sha256').update(s).digest('hex');
const names = ['team', 'Team', 'team-b', 'team.b', 'b'];
test('owners in lists', async () => {
  const service = await startTestService({ env: { HOLDFAST_API_KEYS: names.map((n) => `${n}:${hash('k-' + n)}`).join(',') } });
  for (const n of names) {
    const r = await service.request('/v1/inferences', { body: { ...chat('single'), metadata: { who: n, w: n + ' x' } }, headers: { authorization: `Bearer k-${n}` } });
    if (r.status !== 202) console.log(r.status, r.body);
  }
  await new Promise(f => setTimeout(f, 3000));
  for (const n of names) {
    const r = await service.request('/v1/inferences', { headers: { authorization: `Bearer k-${n}` } });
    console.log('OWNER', n, r.status, r.body.data?.map((d: any) => d.metadata?.who), r.body.error?.message);
  }
  for (const v of ['team', 'TEAM']) for (const k of ['who', 'w']) for (const n of ['team']) {
    const r = await service.request(`/v1/inferences?metadata.${k}=${v}`, { headers: { authorization: `Bearer k-${n}` } });
    console.log('META', k, v, r.body.data?.map((d: any) => d.metadata));
  }
  const r = await service.request(`/v1/inferences?metadata.w=x`, { headers: { authorization: `Bearer k-team` } });
  console.log('META w=x', r.body.data?.map((d: any) => d.metadata));
  const m = await service.request('/v1/inferences?model=SINGLE', { headers: { authorization: `Bearer k-team` } });
  console.log('MODEL', m.body.data?.length);
  await service.stop();
}, 60_000);
