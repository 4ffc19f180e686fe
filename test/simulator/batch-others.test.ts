// What only one of Anthropic, Gemini and Mistral has in its batches, with the official clients.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anthropicOf, clients, googleOf, jsonl, linesOf, mistralOf, MODEL } from './batch-clients.ts';
import { runSimulator } from './running.ts';

const at = runSimulator();
const contents = (text: string) => [{ role: 'user' as const, parts: [{ text }] }];

test('Anthropic: counts are 0 until the end, and each answer says that it is of a batch', async () => {
  const { batches } = anthropicOf(at.simulator).messages;
  at.simulator.injectBatch({ fault: { type: 'slow', ms: 60_000 }, times: 1 });
  const slow = await clients.anthropic(at.simulator).create(linesOf(3), '');
  expect(await batches.retrieve(slow)).toMatchObject({
    processing_status: 'in_progress',
    request_counts: { processing: 3, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
    results_url: null,
  });
  await expect(batches.delete(slow)).rejects.toMatchObject({ status: 400 });
  const { id } = await batches.create({
    requests: [
      { custom_id: 'good', params: { model: MODEL, max_tokens: 9, messages: [{ role: 'user', content: 'Hi.' }] } },
      { custom_id: 'odd', params: { model: MODEL, max_tokens: 9, messages: [] } },
    ],
  });
  expect((await batches.retrieve(id)).request_counts).toMatchObject({ processing: 0, succeeded: 1, errored: 1 });
  const results = [];
  for await (const each of await batches.results(id)) results.push(each.result);
  expect(results).toMatchObject([
    { type: 'succeeded', message: { usage: { service_tier: 'batch' } } },
    { type: 'errored', error: { error: { type: 'invalid_request_error' } } },
  ]);
});

test.each([
  ['twice the same id', ['a', 'a']],
  ['an id of another form', ['a b']],
  ['no requests', []],
])('Anthropic: %s is refused at once', async (_, ids) => {
  const lines = ids.map((id) => ({ id, text: 'Hi.' }));
  await expect(clients.anthropic(at.simulator).create(lines, '')).rejects.toMatchObject({ status: 400 });
  expect(at.simulator.batches).toEqual([]);
});

test('Gemini: requests in the body are answered in the job itself, in order, each with its key', async () => {
  const { batches } = googleOf(at.simulator);
  const src = ['one', 'two'].map((key) => ({ contents: contents(`Say ${key}.`), metadata: { key } }));
  const { name = '' } = await batches.create({ model: MODEL, src, config: { displayName: 'inline' } });
  const { state, dest, displayName } = await batches.get({ name });
  expect([state, displayName]).toEqual(['JOB_STATE_SUCCEEDED', 'inline']);
  expect(dest?.fileName).toBeUndefined();
  expect(dest?.inlinedResponses?.map(({ metadata }) => metadata?.['key'])).toEqual(['one', 'two']);
  expect(dest?.inlinedResponses?.[1]?.response?.candidates?.[0]?.content?.parts?.[0]?.text).toContain('two');
});

test('Gemini: a file of several pieces arrives whole, and the client can download the results', async () => {
  const { files, batches } = googleOf(at.simulator);
  const padding = 'x'.repeat(9_000);
  const lines = linesOf(1_000).map(({ id, text }) => ({ key: id, request: { contents: contents(text + padding) } }));
  const content = jsonl(lines);
  const file = await files.upload({
    file: new Blob([content]),
    config: { mimeType: 'application/jsonl', displayName: 'in' },
  });
  expect(file).toMatchObject({ displayName: 'in', state: 'ACTIVE', sizeBytes: String(content.length) });
  const { name = '' } = await batches.create({ model: MODEL, src: file.name ?? '' });
  const { dest } = await batches.get({ name });
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-download-'));
  const downloadPath = join(directory, 'results.jsonl');
  await files.download({ file: dest?.fileName ?? '', downloadPath });
  expect((await readFile(downloadPath, 'utf8')).trimEnd().split('\n')).toHaveLength(1_000);
  await rm(directory, { recursive: true });
  await files.delete({ name: file.name ?? '' });
  await expect(files.get({ name: file.name ?? '' })).rejects.toMatchObject({ status: 403 });
});

test('Gemini: more than 20 MB in the body are refused', async () => {
  const src = [{ contents: contents('x'.repeat(21 * 1_024 * 1_024)) }];
  const refused = googleOf(at.simulator).batches.create({ model: MODEL, src });
  await expect(refused).rejects.toMatchObject({ status: 400 });
});

test('Mistral: requests in the body are taken too, and files tell what they are', async () => {
  const { batch, files } = mistralOf(at.simulator);
  const { id } = await batch.jobs.create({
    requests: [
      { customId: 'good', body: { messages: [{ role: 'user', content: 'Hi.' }] } },
      { customId: 'odd', body: { messages: [] } },
    ],
    endpoint: '/v1/chat/completions',
    model: MODEL,
  });
  const job = await batch.jobs.get({ jobId: id });
  expect(job).toMatchObject({ status: 'SUCCESS', totalRequests: 2, succeededRequests: 1, failedRequests: 1 });
  expect(await files.retrieve({ fileId: job.outputFile ?? '' })).toMatchObject({ sampleType: 'batch_result' });
  expect(await files.retrieve({ fileId: job.errorFile ?? '' })).toMatchObject({ sampleType: 'batch_error' });
  const sent = await files.upload({ file: { fileName: 'a.jsonl', content: new Blob(['{}']) }, purpose: 'batch' });
  expect((await files.list({})).data.map((file) => file.id)).toEqual([sent.id]);
  expect(await files.delete({ fileId: sent.id })).toMatchObject({ deleted: true });
});
