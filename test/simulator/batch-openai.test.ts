// What only OpenAI's files and batches have: two files of results, and the reasons why a file is refused.

import { toFile } from 'openai';
import { expect, test } from 'vitest';
import { chatLines, clients, jsonl, linesOf, openaiOf } from './batch-clients.ts';
import { ask, runSimulator } from './running.ts';

const at = runSimulator();
const api = () => openaiOf(at.simulator);
const endpoint = '/v1/chat/completions';
const completion_window = '24h';

async function batchOf(content: string) {
  const { id } = await api().files.create({ file: await toFile(Buffer.from(content), 'in.jsonl'), purpose: 'batch' });
  const created = await api().batches.create({ input_file_id: id, endpoint, completion_window });
  return { created, looked: await api().batches.retrieve(created.id) };
}

test('a file comes back byte by byte, and is listed until it is deleted', async () => {
  const content = `${chatLines(linesOf(3))}\r\n--not-the-boundary\r\n\u{1f30a}`;
  const file = await api().files.create({ file: await toFile(Buffer.from(content), 'in.jsonl'), purpose: 'batch' });
  expect(file).toMatchObject({ object: 'file', purpose: 'batch', filename: 'in.jsonl', status: 'processed' });
  expect(file.bytes).toBe(Buffer.byteLength(content));
  expect(await (await api().files.content(file.id)).text()).toBe(content);
  expect((await api().files.list()).data).toEqual([file]);
  expect(await api().files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
  await expect(api().files.retrieve(file.id)).rejects.toMatchObject({ status: 404 });
  await expect(api().batches.create({ input_file_id: file.id, endpoint, completion_window })).rejects.toMatchObject({
    status: 404,
  });
});

test('a batch is validating at first, tells its usage at the end, and has no error file without errors', async () => {
  const { created, looked } = await batchOf(chatLines(linesOf(3)));
  expect(created).toMatchObject({ object: 'batch', status: 'validating', request_counts: { completed: 0 } });
  expect(looked).toMatchObject({ status: 'completed', request_counts: { total: 3, completed: 3, failed: 0 } });
  expect(looked.error_file_id).toBeNull();
  expect(looked.usage?.output_tokens).toBe(
    at.simulator.batches[0]?.billed.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
  );
  const output = await api().files.retrieve(looked.output_file_id ?? '');
  expect(output).toMatchObject({ purpose: 'batch_output' });
  expect(output.bytes).toBe((await (await api().files.content(output.id)).text()).length);
  await api().files.delete(output.id);
  await expect(api().files.content(output.id)).rejects.toMatchObject({ status: 404 });
});

test('a line that the API would refuse is in the error file, as the API would have said it', async () => {
  const odd = jsonl([{ custom_id: 'odd', method: 'POST', url: endpoint, body: { model: 'some-model', messages: [] } }]);
  const { looked } = await batchOf(chatLines(linesOf(2)) + odd);
  expect(looked.request_counts).toEqual({ total: 3, completed: 2, failed: 1 });
  const error: unknown = JSON.parse(await (await api().files.content(looked.error_file_id ?? '')).text());
  expect(error).toMatchObject({
    custom_id: 'odd',
    response: { status_code: 400, body: { error: { code: 'invalid_value' } } },
  });
});

const [line = ''] = chatLines(linesOf(1)).split('\n');

test.each([
  ['is no JSON', `${line}\n{"custom_id":`, { code: 'invalid_json_line', line: 2 }],
  ['has an id twice', `${line}\n${line}`, { code: 'duplicate_custom_id', line: 2 }],
  ['is for another endpoint', line.replace(endpoint, '/v1/embeddings'), { code: 'mismatched_endpoint', line: 1 }],
  ['is empty', '\n', { code: 'empty_file', line: null }],
  ['has too many lines', chatLines(linesOf(50_001)), { code: 'too_many_tasks', line: null }],
])('a file that %s makes the batch fail, and says why', async (_, content, error) => {
  const { looked } = await batchOf(content);
  const ended = looked.status === 'validating' ? await untilFailed(looked.id) : looked;
  expect(ended).toMatchObject({ status: 'failed', output_file_id: null, errors: { data: [error] } });
});

async function untilFailed(id: string) {
  for (;;) {
    const looked = await api().batches.retrieve(id);
    if (looked.status !== 'validating') return looked;
  }
}

test('a batch that has ended cannot be cancelled', async () => {
  const id = await clients.openai(at.simulator).create(linesOf(1), 'key');
  await api().batches.retrieve(id);
  await expect(api().batches.cancel(id)).rejects.toMatchObject({ status: 409 });
});

test('the ledger counts whole answers, good or bad, and none that broke off', async () => {
  await ask(at.simulator, 'openai').then((reply) => reply.text());
  at.simulator.inject({ fault: { type: 'error', situation: 'overloaded' }, times: 1 });
  await ask(at.simulator, 'openai').then((reply) => reply.text());
  at.simulator.inject({ fault: { type: 'truncated', afterTokens: 2 }, times: 1 });
  await ask(at.simulator, 'openai', { stream: true }).then((reply) => reply.text());
  const [entry, ...more] = at.simulator.ledger();
  expect(more).toEqual([]);
  expect(entry).toMatchObject({ account: 'acme', wire: 'openai', model: 'm', mode: 'sync', answers: 2 });
});
