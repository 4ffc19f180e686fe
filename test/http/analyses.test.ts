// `/v1/analyses` and `/v1/analysis_schedules` without Temporal: what a start is made of, whose it is, and what is refused.

import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AnalysisStart, AnalysisView } from '../../src/domain/analyses.ts';
import { NO_ANALYSIS_PROGRESS } from '../../src/domain/analysis.ts';
import { filesInDirectory } from '../support/files.ts';
import { serverWithoutTemporal } from './server-without-temporal.ts';

const NOW_MS = Date.parse('2026-03-28T22:30:00Z');
const files = filesInDirectory();
const apiKeys = [
  { name: 'ann', operator: false },
  { name: 'bob', operator: false },
  { name: 'olga', operator: true },
].map((key) => ({ ...key, sha256: createHash('sha256').update(`key-of-${key.name}`).digest('hex') }));

let started: AnalysisStart[] = [];
beforeEach(() => {
  started = [];
});

const viewOf = ({ id, input }: AnalysisStart): AnalysisView => ({
  id,
  owner: input.owner,
  model: input.model,
  createdAt: '2026-03-28T22:30:00.000Z',
  startsAt: '2026-03-28T22:30:00.000Z',
  runId: 'run-1',
  state: { type: 'running', progress: NO_ANALYSIS_PROGRESS },
});

async function serve() {
  const server = await serverWithoutTemporal({
    apiKeys,
    files,
    now: () => NOW_MS,
    analyses: {
      start: (start) => {
        const before = started.find(({ id }) => id === start.id);
        if (before && before.fingerprint !== start.fingerprint) return Promise.resolve({ type: 'conflict' });
        if (!before) started.push(start);
        return Promise.resolve({ type: 'started', analysis: viewOf(before ?? start) });
      },
      get: (id) => {
        const found = started.find((start) => start.id === id);
        return Promise.resolve(found ? { type: 'found', analysis: viewOf(found) } : { type: 'not-found' });
      },
    },
  });
  const send = async (
    method: 'GET' | 'POST' | 'PUT',
    url: string,
    request: { body?: object; as?: string; key?: string } = {},
  ) => {
    const { body, as = 'ann', key } = request;
    const headers = { authorization: `Bearer key-of-${as}`, ...(key !== undefined && { 'idempotency-key': key }) };
    const response = await server.app.inject({ method, url: `/v1${url}`, headers, ...(body && { payload: body }) });
    return { status: response.statusCode, body: response.json() };
  };
  return { ...server, send };
}

const upload = (purpose: 'user_data' | 'batch' = 'user_data', owner = 'ann') =>
  files.create({
    content: (async function* () {
      yield Buffer.from('{"name":"a.txt","text":"One."}\n');
    })(),
    facts: () => ({ purpose, filename: 'documents.jsonl', owner }),
  });

const asked = { model: 'summarize', prompt: 'What is it about?' };

describe('an analysis', () => {
  test('is started with what was asked for, at once and for a day', async () => {
    const { send } = await serve();
    const { id } = await upload();
    const { status, body } = await send('POST', '/analyses', { body: { ...asked, input_file_id: id } });
    expect(status).toBe(200);
    expect(body).toMatchObject({ object: 'analysis', status: 'reading', output_file_id: null, cost: { usd: null } });
    expect(started).toMatchObject([
      {
        id: body.id,
        delayMs: 0,
        input: {
          source: { type: 'file', fileId: id },
          ...asked,
          deadline: { type: 'duration', ms: 86_400_000 },
          maxCostUsd: null,
          rescue: 'sync',
          owner: 'ann',
        },
      },
    ]);
  });

  test('begins when the clock of the time zone says so, also in the night when summer time begins', async () => {
    const { send } = await serve();
    const { id } = await upload();
    const body = { ...asked, input_file_id: id, at: '04:00', timezone: 'Europe/Berlin', deadline: '07:00' };
    await send('POST', '/analyses', { body });
    // 23:30 in Berlin; from 2 the clock goes to 3.
    expect(started[0]?.delayMs).toBe(3.5 * 3_600_000);
    expect(started[0]?.input.deadline).toEqual({ type: 'clock', time: '07:00', timezone: 'Europe/Berlin' });
  });

  test('is joined under its Idempotency-Key, and another one is refused under it', async () => {
    const { send } = await serve();
    const { id } = await upload();
    const body = { ...asked, input_file_id: id };
    const first = await send('POST', '/analyses', { body, key: 'night' });
    const second = await send('POST', '/analyses', { body, key: 'night' });
    expect(second.body.id).toBe(first.body.id);
    expect(started).toHaveLength(1);
    const other = await send('POST', '/analyses', { body: { ...body, prompt: 'Else?' }, key: 'night' });
    expect([other.status, other.body.error.code]).toEqual([409, 'idempotency_key_reused']);
  });

  test("is its API key's, and the operators'", async () => {
    const { send } = await serve();
    const { id: fileId } = await upload();
    const { body } = await send('POST', '/analyses', { body: { ...asked, input_file_id: fileId } });
    const path = `/analyses/${body.id}`;
    expect((await send('GET', path)).status).toBe(200);
    expect((await send('GET', path, { as: 'olga' })).status).toBe(200);
    expect((await send('GET', path, { as: 'bob' })).body.error.code).toBe('analysis_not_found');
    expect((await send('GET', '/analyses/inf-1')).body.error.code).toBe('analysis_not_found');
  });

  test.each<[what: string, body: object, code: string]>([
    ['no documents', {}, 'missing_required_parameter'],
    ['two sources', { input_file_id: 'file-1', folder: '/srv' }, 'invalid_value'],
    ['a file that is not there', { input_file_id: 'file-00000000000000000000000000' }, 'file_not_found'],
    ['a model that is not there', { model: 'gone' }, 'model_not_found'],
    ['an empty prompt', { prompt: '' }, 'invalid_value'],
    ['a schema that is none', { schema: { type: 'nonsense' } }, 'invalid_value'],
    ['a time that is none', { at: '24:00' }, 'invalid_value'],
    ['a time zone that is none', { timezone: 'Mars/One' }, 'invalid_value'],
    ['a deadline that is none', { deadline: 'soon' }, 'invalid_value'],
    ['a webhook to a private address', { webhook_url: 'http://10.0.0.1/' }, 'invalid_value'],
    ['a field that it does not know', { lanes: [] }, 'unknown_parameter'],
  ])('is refused with %s', async (_what, fields, code) => {
    const { send } = await serve();
    const { id } = await upload();
    const source = 'input_file_id' in fields || Object.keys(fields).length === 0 ? {} : { input_file_id: id };
    const { body } = await send('POST', '/analyses', { body: { ...asked, ...source, ...fields } });
    expect(body.error.code).toBe(code);
    expect(started).toEqual([]);
  });

  test('is refused with a file of another purpose, or of somebody else', async () => {
    const { send } = await serve();
    const { id: batch } = await upload('batch');
    const { id: others } = await upload('user_data', 'bob');
    const refusal = async (fileId: string) =>
      (await send('POST', '/analyses', { body: { ...asked, input_file_id: fileId } })).body.error.code;
    expect(await refusal(batch)).toBe('invalid_value');
    expect(await refusal(others)).toBe('file_not_found');
  });

  test('of a folder of the workers, and results in one, are for operators', async () => {
    const { send } = await serve();
    const { id } = await upload();
    const of = (fields: object, as: string) => send('POST', '/analyses', { body: { ...asked, ...fields }, as });
    expect((await of({ folder: '/srv' }, 'ann')).body.error.code).toBe('operator_required');
    expect((await of({ input_file_id: id, output_folder: '/srv' }, 'ann')).body.error.code).toBe('operator_required');
    expect((await of({ folder: '/srv' }, 'olga')).status).toBe(200);
  });
});

describe('a schedule', () => {
  const body = { ...asked, folder: '/srv/contracts', at: '01:00' };

  test('is for operators', async () => {
    const { send, used } = await serve();
    expect((await send('PUT', '/analysis_schedules/night', { body })).body.error.code).toBe('operator_required');
    expect((await send('GET', '/analysis_schedules')).body.error.code).toBe('operator_required');
    expect(used).toEqual([]);
  });

  test('has a name that can be part of an id', async () => {
    const { send } = await serve();
    const { status } = await send('PUT', '/analysis_schedules/Night%20shift', { body, as: 'olga' });
    expect(status).toBe(400);
  });

  test('is refused while Temporal cannot be reached', async () => {
    const { app } = await serverWithoutTemporal({
      apiKeys,
      schedules: { put: () => Promise.resolve({ type: 'unavailable', startUnknown: false }) },
    });
    const headers = { authorization: 'Bearer key-of-olga' };
    const response = await app.inject({ method: 'PUT', url: '/v1/analysis_schedules/night', headers, payload: body });
    expect(response.statusCode).toBe(503);
  });
});
