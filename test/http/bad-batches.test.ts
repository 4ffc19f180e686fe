// `/v1/batches` without Temporal: what is refused before anything is started.

import { describe, expect, test } from 'vitest';
import { bodyOf, serve, started, upload, useBatches } from './batches.ts';

useBatches();

describe('nothing is started', () => {
  test.each<[object, string, string]>([
    [{ endpoint: '/v1/embeddings' }, 'invalid_value', 'endpoint'],
    [{ endpoint: undefined }, 'missing_required_parameter', 'endpoint'],
    [{ input_file_id: undefined }, 'missing_required_parameter', 'input_file_id'],
    [{ completion_window: 'soon' }, 'invalid_value', 'completion_window'],
    [{ completion_window: '8d' }, 'invalid_value', 'completion_window'],
    [
      { output_expires_after: { anchor: 'created_at', seconds: 3600 } },
      'unsupported_parameter',
      'output_expires_after',
    ],
    [{ metadata: { x: 'y'.repeat(513) } }, 'invalid_value', 'metadata.x'],
    [{ lanes: [] }, 'invalid_value', 'lanes'],
    [{ lanes: ['openai/gpt-4o', 'nobody/x'] }, 'invalid_value', 'lanes[1]'],
    [{ lanes: ['summarize'] }, 'invalid_value', 'lanes[0]'],
    [{ lanes: ['openai/a', 'openai/a'] }, 'invalid_value', 'lanes[1]'],
    [{ deadline: '0s' }, 'invalid_value', 'deadline'],
    [{ rescue: 'maybe' }, 'invalid_value', 'rescue'],
    [{ max_cost_usd: 0 }, 'invalid_value', 'max_cost_usd'],
    [{ max_cost_usd: '1' }, 'invalid_value', 'max_cost_usd'],
    [{ priority: 1 }, 'unknown_parameter', 'priority'],
  ])('with %j', async (fields, code, param) => {
    const { send } = await serve();
    const { id } = await upload();
    const { status, body } = await send('POST', '', bodyOf(id, fields));
    expect({ status, error: body.error }).toMatchObject({ status: 400, error: { code, param } });
    expect(body.error.message).not.toContain('secret');
    expect(started).toEqual([]);
  });

  test.each<[string, string, number, string, string]>([
    ['that is empty', '', 400, 'invalid_value', 'has no lines'],
    ['whose first line is no JSON', 'Secret words\n', 400, 'invalid_value', 'Line 1 of file file-'],
    ['whose first line is empty', '\n{}\n', 400, 'invalid_value', 'Line 1 of file file-'],
    ['without a model', '{"custom_id":"a"}\n', 400, 'invalid_value', 'body.model is missing'],
    ['of an unknown model', '{"body":{"model":"nobody/x"}}', 404, 'model_not_found', 'no model "nobody/x"'],
  ])('for a file %s', async (_name, text, status, code, message) => {
    const { send } = await serve();
    const { id } = await upload(text);
    const answer = await send('POST', '', bodyOf(id));
    expect(answer).toMatchObject({ status, body: { error: { code, param: 'input_file_id' } } });
    expect(answer.body.error.message).toContain(message);
    expect(answer.body.error.message).not.toContain('Secret');
    expect(started).toEqual([]);
  });

  test('for a file that is not there, of somebody else, or of another purpose', async () => {
    const { send } = await serve();
    const missing = { status: 404, body: { error: { code: 'file_not_found', param: 'input_file_id' } } };
    expect(await send('POST', '', bodyOf('nothing'))).toMatchObject(missing);
    expect(await send('POST', '', bodyOf(`file-${'0'.repeat(26)}`))).toMatchObject(missing);
    expect(await send('POST', '', bodyOf((await upload(undefined, { owner: 'bob' })).id))).toMatchObject(missing);
    const data = await send('POST', '', bodyOf((await upload(undefined, { purpose: 'user_data' })).id));
    expect(data).toMatchObject({ status: 400, body: { error: { code: 'invalid_value', param: 'input_file_id' } } });
    expect(started).toEqual([]);
  });

  test('while the service shuts down', async () => {
    const { send, beginShutdown } = await serve();
    const { id } = await upload();
    beginShutdown();
    expect(await send('POST', '', bodyOf(id))).toMatchObject({
      status: 503,
      body: { error: { code: 'shutting_down' } },
    });
    expect(started).toEqual([]);
  });
});
