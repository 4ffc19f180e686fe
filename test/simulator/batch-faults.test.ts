// What a batch can be told to do wrong, seen with each official client.

import { describe, expect, test } from 'vitest';
import type { BatchFault } from '../../src/simulator/batch/batch-fault.ts';
import { isInShare } from '../../src/simulator/batch/batch-fault.ts';
import { clients, linesOf } from './batch-clients.ts';
import { runSimulator } from './running.ts';

const at = runSimulator();
const LINES = linesOf(40);
const share = { of: 0.3, seed: 'a' };
const befallen = LINES.filter(({ id }) => isInShare(share, id)).map(({ id }) => id);
const others = LINES.filter(({ id }) => !isInShare(share, id)).map(({ id }) => id);

describe.each(['openai', 'anthropic', 'google', 'mistral'] as const)('a batch of %s', (wire) => {
  const client = () => clients[wire](at.simulator);
  const run = async (...faults: readonly BatchFault[]) => {
    for (const fault of faults) at.simulator.injectBatch({ fault });
    const id = await client().create(LINES, 'key-1');
    const look = await client().look(id);
    return { id, look, results: await client().results(id) };
  };

  test('expires with the share of its lines done that was asked for', async () => {
    const { look, results } = await run({ type: 'expired', answered: share });
    expect(look.state).toBe(client().ends.expired);
    const answered = results.filter(({ answer }) => answer !== null).map(({ id }) => id);
    const keeps = wire !== 'google';
    expect(answered).toEqual(keeps ? befallen : []);
    expect(at.simulator.batches[0]?.billed.map(({ id }) => id)).toEqual(answered);
    const words = new Set(results.flatMap(({ error }) => error ?? []));
    if (wire === 'openai') expect([...words]).toEqual(['batch_expired']);
    if (wire === 'anthropic') expect([...words]).toEqual(['expired']);
  });

  test('misses results that were billed', async () => {
    const { results } = await run({ type: 'missing', share });
    expect(results.map(({ id }) => id)).toEqual(others);
    expect(at.simulator.batches[0]?.billed).toHaveLength(LINES.length);
  });

  test('has results twice, billed once', async () => {
    const { results } = await run({ type: 'duplicate', share });
    const twice = results.map(({ id }) => id).filter((id, index, all) => all.indexOf(id) !== index);
    expect(twice).toEqual(befallen);
    expect(at.simulator.batches[0]?.billed).toHaveLength(LINES.length);
  });

  test('has its results in another order', async () => {
    const ids = (await run({ type: 'unordered' })).results.map(({ id }) => id);
    expect(ids).not.toEqual(LINES.map(({ id }) => id));
    expect(ids.toSorted()).toEqual(LINES.map(({ id }) => id).toSorted());
  });

  test('has lines that end in an error of their own, and bills the others', async () => {
    const body =
      wire === 'anthropic'
        ? { type: 'error', error: { type: 'rate_limit_error', message: 'Too much.' } }
        : { error: { message: 'Too much.', status: 'RESOURCE_EXHAUSTED' } };
    const { results } = await run({ type: 'line-error', share, status: 429, body });
    const failed = results.filter(({ answer }) => answer === null);
    expect(failed.map(({ id }) => id)).toEqual(befallen);
    const word = { openai: '429', anthropic: 'rate_limit_error', google: '8', mistral: '429' }[wire];
    expect(new Set(failed.map(({ error }) => error))).toEqual(new Set([word]));
    expect(at.simulator.batches[0]?.billed.map(({ id }) => id)).toEqual(others);
  });

  test.each([
    ['empty', { type: 'empty' }, ''],
    ['no JSON', { type: 'answer', text: '{"broken":' }, '{"broken":'],
  ] as const)('has answers that are %s', async (_, fault, answer) => {
    const { results } = await run({ type: 'bad-answer', share, fault });
    expect(results.filter((result) => result.answer === answer).map(({ id }) => id)).toEqual(befallen);
  });

  test('joins the faults of all rules that match, the newer of two of a type', async () => {
    const { results } = await run(
      { type: 'missing', share: { of: 1 } },
      { type: 'unordered' },
      { type: 'missing', share },
    );
    expect(results.map(({ id }) => id).toSorted()).toEqual(others.toSorted());
  });

  test('is there although the reply to its creation was lost', async () => {
    at.simulator.injectBatch({ fault: { type: 'lost-reply', to: 'create' }, times: 1 });
    await expect(client().create(LINES, 'key-1')).rejects.toThrow(/.+/);
    const [found, ...more] = await client().list(10);
    expect(more).toEqual([]);
    expect(found?.key).toBe(wire === 'anthropic' ? null : 'key-1');
    await client().look(found?.id ?? '');
    expect(await client().results(found?.id ?? '')).toHaveLength(LINES.length);
  });

  test.each([
    'create',
    'look',
    'list',
    'cancel',
    'results',
  ] as const)('is refused with 429 on %s so many times, without anything being done', async (call) => {
    const doing = {
      create: () => client().create(LINES, 'key-2'),
      look: (id: string) => client().look(id),
      list: () => client().list(10),
      cancel: (id: string) => client().cancel(id),
      results: (id: string) => client().results(id),
    };
    at.simulator.injectBatch({ fault: { type: 'slow', ms: call === 'results' ? 0 : 60_000 } });
    const id = await client().create(LINES, 'key-1');
    await client().look(id);
    at.simulator.injectBatch({ fault: { type: 'error', on: call, situation: 'rate-limit' }, times: 1 });
    await expect(doing[call](id)).rejects.toThrow(/429|rate|exhausted|exceeded/i);
    expect(at.simulator.batches).toMatchObject([{ id, phase: call === 'results' ? 'ended' : 'waiting' }]);
    await doing[call](id);
  });

  test('is left alone by a rule for another account or model', async () => {
    at.simulator.injectBatch({ account: 'other', fault: { type: 'stuck' } });
    at.simulator.injectBatch({ model: 'other', fault: { type: 'stuck' } });
    const id = await client().create(LINES, 'key-1');
    expect((await client().look(id)).state).toBe(client().ends.completed);
  });
});

test.each([
  'openai',
  'google',
  'mistral',
] as const)('a batch of %s is refused as a whole, with its code', async (wire) => {
  const client = clients[wire](at.simulator);
  at.simulator.injectBatch({ fault: { type: 'failed', code: 'token_limit_exceeded' }, times: 1 });
  const id = await client.create(LINES, 'key-1');
  const { state, error } = await client.look(id);
  expect(state).toBe(client.ends.failed);
  expect(error).toContain('token_limit_exceeded');
  expect(at.simulator.ledger()).toEqual([]);
  const next = await client.create(LINES, 'key-2');
  expect((await client.look(next)).state).toBe(client.ends.completed);
});

test('a connection that breaks while results are read gives only the first of them', async () => {
  at.simulator.injectBatch({ fault: { type: 'cut-results', afterLines: 10 }, times: 1 });
  const client = clients.anthropic(at.simulator);
  const id = await client.create(LINES, 'key-1');
  await client.look(id);
  await expect(client.results(id)).rejects.toThrow(/.+/);
  expect(await client.results(id)).toHaveLength(LINES.length);
});

test('a batch of Anthropic has no way to be refused as a whole: each line says so', async () => {
  at.simulator.injectBatch({ fault: { type: 'failed', code: 'token_limit_exceeded' } });
  const client = clients.anthropic(at.simulator);
  const id = await client.create(LINES, '');
  expect((await client.look(id)).state).toBe('ended');
  const results = await client.results(id);
  expect(results.map(({ error }) => error)).toEqual(LINES.map(() => 'invalid_request_error'));
  expect(at.simulator.ledger()).toEqual([]);
});
