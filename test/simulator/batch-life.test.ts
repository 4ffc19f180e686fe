// The whole life of a batch, the same with each official client.

import { describe, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import { clients, linesOf, type Looked, MODEL } from './batch-clients.ts';
import { ask, runSimulator } from './running.ts';

const at = runSimulator();

describe.each(['openai', 'anthropic', 'google', 'mistral'] as const)('a batch of %s', (wire) => {
  const client = () => clients[wire](at.simulator);

  test('is done at the first look and answers each line as the ordinary API would', async () => {
    const lines = linesOf(25);
    const id = await client().create(lines, 'key-1');
    const { state, error } = await client().look(id);
    expect([state, error]).toEqual([client().ends.completed, null]);
    const results = await client().results(id);
    expect(results.map((result) => result.id)).toEqual(lines.map((line) => line.id));
    expect(results.map(({ error: each }) => each)).toEqual(lines.map(() => null));
    const alone = await ask(at.simulator, wire, { text: lines[3]?.text ?? '' }).then((reply) => reply.text());
    expect(results[3]?.answer).not.toBe('');
    expect(alone).toContain(JSON.stringify(results[3]?.answer).slice(1, -1));
  });

  test('says the same each time its results are read', async () => {
    const id = await client().create(linesOf(5), 'key-1');
    await client().look(id);
    expect(await client().results(id)).toEqual(await client().results(id));
  });

  test('is listed with the others, newest first, over pages, with its key where the wire has a place for one', async () => {
    const ids: string[] = [];
    for (const n of [0, 1, 2, 3, 4]) ids.unshift(await client().create(linesOf(1), `key-${n}`));
    const listed = await client().list(2);
    expect(listed.map(({ id }) => id)).toEqual(ids);
    const keys = ['key-4', 'key-3', 'key-2', 'key-1', 'key-0'];
    expect(listed.map(({ key }) => key)).toEqual(wire === 'anthropic' ? keys.map(() => null) : keys);
  });

  test('that is slow waits, runs with counts that only grow, and ends', async () => {
    at.simulator.injectBatch({ fault: { type: 'slow', ms: 400 } });
    const id = await client().create(linesOf(50), 'key-1');
    const looks: Looked[] = [];
    await eventually(async () => {
      looks.push(await client().look(id));
      return looks.at(-1)?.state === client().ends.completed;
    });
    const done = looks.map((look) => look.done ?? 0);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done.at(-1)).toBe(wire === 'anthropic' ? 0 : 50);
    if (wire !== 'anthropic') expect(done.some((count) => count > 0 && count < 50)).toBe(true);
    expect(await client().results(id)).toHaveLength(50);
  });

  test('that is stuck never gets anywhere, and can still be cancelled', async () => {
    at.simulator.injectBatch({ fault: { type: 'stuck' } });
    const id = await client().create(linesOf(5), 'key-1');
    const { state, done } = await client().look(id);
    expect(done ?? 0).toBe(0);
    expect(state).not.toBe(client().ends.completed);
    await client().cancel(id);
    expect((await client().look(id)).state).toBe(client().ends.cancelled);
    const results = await client().results(id);
    expect(results.filter(({ answer }) => answer !== null)).toEqual([]);
  });

  test('that is cancelled on its way keeps and bills what was done, where the provider keeps it', async () => {
    at.simulator.injectBatch({ fault: { type: 'slow', ms: 3_000 } });
    at.simulator.injectBatch({ fault: { type: 'slow-cancel', ms: 150 } });
    const id = await client().create(linesOf(200), 'key-1');
    await eventually(() => (at.simulator.batches[0]?.billed.length ?? 0) > 0);
    await client().cancel(id);
    expect(at.simulator.batches[0]?.phase).toBe('cancelling');
    expect((await client().look(id)).state).not.toBe(client().ends.cancelled);
    await eventually(async () => (await client().look(id)).state === client().ends.cancelled && ended());
    const answered = (await client().results(id)).filter(({ answer }) => answer !== null);
    const billed = at.simulator.batches[0]?.billed ?? [];
    expect(billed.map((line) => line.id)).toEqual(answered.map((line) => line.id));
    if (wire === 'google') expect(answered).toEqual([]);
    else expect(answered.length > 0 && answered.length < 200).toBe(true);
  });

  test('is gone after it was removed, and stays in the ledger', async () => {
    const id = await client().create(linesOf(3), 'key-1');
    await client().look(id);
    await client().remove(id);
    if (wire !== 'openai') {
      await expect(client().look(id)).rejects.toThrow(/.+/);
      expect(await client().list(10)).toEqual([]);
    }
    expect(at.simulator.batches).toMatchObject([{ id, model: MODEL, lines: 3 }]);
  });

  test('is billed line by line as the same answers would be one by one', async () => {
    const lines = linesOf(4);
    const id = await client().create(lines, 'key-1');
    await client().look(id);
    const [batch] = at.simulator.batches;
    expect(batch).toMatchObject({
      account: 'acme',
      wire,
      id,
      model: MODEL,
      lines: 4,
      phase: 'ended',
      end: 'completed',
    });
    for (const { text } of lines) await ask(at.simulator, wire, { text }).then((reply) => reply.text());
    const ledger = at.simulator.ledger();
    const [inBatch] = ledger.filter(({ mode }) => mode === 'batch');
    const [alone] = ledger.filter(({ mode }) => mode === 'sync');
    expect(inBatch).toEqual({ ...alone, mode: 'batch', model: MODEL });
    expect(inBatch?.answers).toBe(4);
    expect(inBatch?.outputTokens).toBe(batch?.billed.reduce((sum, line) => sum + line.outputTokens, 0));
  });

  function ended(): boolean {
    return at.simulator.batches[0]?.phase === 'ended';
  }
});
