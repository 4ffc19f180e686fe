// The list of inferences: newest first, filtered, in pages, each inference once.

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const SUBMIT = '/v1/inferences';

async function make(body: object): Promise<string> {
  const { status, body: inference } = await service.request(SUBMIT, { body, headers: { prefer: 'wait=20' } });
  expect(status).toBe(200);
  return inference.id;
}

const list = async (query: string) => (await service.request(`${SUBMIT}?${query}`)).body;
const ids = (page: { data: readonly { id: string }[] }) => page.data.map(({ id }) => id);
/** Visibility lags: the list is asked until it has what it must have. */
const listed = (query: string, wanted: readonly string[]) =>
  eventually(async () => ids(await list(query)).join() === wanted.join());
const failing = (target: string) => ({
  ...chat('any'),
  strategy: { type: 'failover', targets: [target], max_attempts_per_target: 1, on_exhausted: 'fail' },
});

test('has every state newest first, and each filter takes its own', async () => {
  const mark = randomUUID();
  const made = (body: object) => ({ ...body, metadata: { mark } });
  service.simulator.inject({ account: 'two', fault: { type: 'error', situation: 'auth' } });
  const succeeded = await make(made(chat('single')));
  const failed = await make(made(failing('two/m2')));
  service.simulator.inject({ account: 'three', fault: { type: 'delay', headersMs: 60_000 } });
  const { body: cancelled } = await service.request(SUBMIT, { body: made(chat('three/m3')) });
  await service.request(`${SUBMIT}/${cancelled.id}/cancel`, { method: 'POST' });
  await service.request(`${SUBMIT}/${cancelled.id}?wait=20`);
  const { body: waiting } = await service.request(SUBMIT, { body: made(chat('two/m2')) });
  const { body: running } = await service.request(SUBMIT, { body: made(chat('three/m3')) });

  const all = [running.id, waiting.id, cancelled.id, failed, succeeded];
  await listed(`metadata.mark=${mark}`, all);
  await listed(`metadata.mark=${mark}&status=succeeded`, [succeeded]);
  await listed(`metadata.mark=${mark}&status=failed`, [failed]);
  await listed(`metadata.mark=${mark}&status=cancelled`, [cancelled.id]);
  await listed(`metadata.mark=${mark}&status=waiting`, [waiting.id]);
  await listed(`metadata.mark=${mark}&status=running`, [running.id]);
  await listed(`metadata.mark=${mark}&model=single`, [succeeded]);
  await listed(`metadata.mark=${mark}&model=three/m3`, [running.id, cancelled.id]);
  const states = 'running,waiting,cancelled,failed,succeeded';
  const page = await eventually(async () => {
    const whole = await list(`metadata.mark=${mark}`);
    return whole.data.map(({ status }: { status: string }) => status).join() === states ? whole : null;
  });
  expect(page.data[0]).toMatchObject({ object: 'inference', model: 'three/m3', metadata: { mark }, deadline: '1d' });
  expect(page.data[0]).not.toHaveProperty('output');
  for (const { id } of [waiting, running]) await service.request(`${SUBMIT}/${id}/cancel`, { method: 'POST' });
});

test('pages to the end, without a gap or a repetition, whatever is made meanwhile', async () => {
  const mark = randomUUID();
  const made: string[] = [];
  for (let count = 0; count < 7; count++) made.unshift(await make({ ...chat('single'), metadata: { mark } }));
  await listed(`metadata.mark=${mark}`, made);

  const seen: string[] = [];
  let page = await list(`metadata.mark=${mark}&limit=3`);
  seen.push(...ids(page));
  await make({ ...chat('single'), metadata: { mark } });
  while (page.has_more) {
    expect(page.data.length).toBeLessThanOrEqual(3);
    page = await list(`metadata.mark=${mark}&limit=3&after=${encodeURIComponent(page.next)}`);
    seen.push(...ids(page));
  }
  expect(seen).toEqual(made);
  expect(page.next).toBeNull();
});

test('filters by what was created since, as a time and as a duration', async () => {
  const mark = randomUUID();
  const older = await make({ ...chat('single'), metadata: { mark } });
  const between = new Date().toISOString();
  const newer = await make({ ...chat('single'), metadata: { mark } });
  await listed(`metadata.mark=${mark}&since=1h`, [newer, older]);
  await listed(`metadata.mark=${mark}&since=${between}`, [newer]);
  await listed(`metadata.mark=${mark}&since=1ms`, []);
});

test('filters by several metadata, whatever characters are in them', async () => {
  const mark = randomUUID();
  const odd = { mark, "o'brien": `it's "50%" \\ a=b, (x) OR 1=1 -- ü 漢字`, empty: '' };
  const wanted = await make({ ...chat('single'), metadata: odd });
  await make({ ...chat('single'), metadata: { mark, other: 'x' } });
  const query = (metadata: object) =>
    Object.entries(metadata)
      .map(([key, value]) => `${encodeURIComponent(`metadata.${key}`)}=${encodeURIComponent(value)}`)
      .join('&');
  await listed(query(odd), [wanted]);
  const page = await list(query(odd));
  expect(page.data[0].metadata).toEqual(odd);
  expect(ids(await list(query({ mark, "o'brien": "' OR HoldfastModel = 'single" })))).toEqual([]);
});

test('compares metadata to the letter', async () => {
  const mark = randomUUID();
  const wanted = await make({ ...chat('single'), metadata: { mark, team: 'Sales', 'a=b': 'c' } });
  await listed(`metadata.mark=${mark}`, [wanted]);
  await listed(`metadata.mark=${mark}&metadata.team=Sales`, [wanted]);
  for (const other of ['metadata.team=sales', 'metadata.team=Sale', 'metadata.team=', 'metadata.a=b=c']) {
    expect(ids(await list(`metadata.mark=${mark}&${other}`))).toEqual([]);
  }
  await listed(`metadata.mark=${mark}&metadata.a%3Db=c`, [wanted]);
});

test('finds an inference with as much metadata as there may be', async () => {
  const metadata = Object.fromEntries(
    Array.from({ length: 16 }, (_, index) => [`key-${index}`.padEnd(64, '漢'), randomUUID().padEnd(512, '字')]),
  );
  const wanted = await make({ ...chat('single'), metadata });
  const [[key, value] = ['', '']] = Object.entries(metadata).slice(-1);
  await listed(`${encodeURIComponent(`metadata.${key}`)}=${encodeURIComponent(value)}`, [wanted]);
});

test('has a replayed inference once, as it is now', async () => {
  const mark = randomUUID();
  const recover = service.simulator.inject({ account: 'two', fault: { type: 'error', situation: 'auth' } });
  const replayed = await make({ ...failing('two/m2'), metadata: { mark } });
  const other = await make({ ...chat('single'), metadata: { mark } });
  await listed(`metadata.mark=${mark}&status=failed`, [replayed]);
  recover();
  await service.request(`${SUBMIT}/${replayed}/replay`, { method: 'POST' });
  expect((await service.request(`${SUBMIT}/${replayed}?wait=20`)).body.status).toBe('succeeded');
  await eventually(async () => (await list(`metadata.mark=${mark}&status=succeeded`)).data.length === 2);
  await eventually(async () => {
    const page = await list(`metadata.mark=${mark}`);
    return [...ids(page)].sort().join() === [replayed, other].sort().join();
  });
  await listed(`metadata.mark=${mark}&status=failed`, []);
});
