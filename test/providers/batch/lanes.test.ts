// The lanes against the simulated providers: the whole life of a batch through the official SDKs, and everything that can
// be wrong with one.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { batchFailure } from '../../../activities/providers/batch/failure.ts';
import type { BatchConnection, LaneResult } from '../../../activities/providers/batch/lane.ts';
import { createLineReader } from '../../../activities/providers/batch/line-answer.ts';
import { createLineWriter } from '../../../activities/providers/batch/line-request.ts';
import type { ProviderSettings } from '../../../activities/providers/registry.ts';
import { addressOf, batchVendorOf, loadVendor } from '../../../activities/providers/registry.ts';
import type { Prompt } from '../../../src/domain/prompt.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { eventually } from '../../support/polling.ts';

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());
afterEach(() => simulator.clear());

type Wire = 'openai' | 'anthropic' | 'google' | 'mistral';

const MODELS: Readonly<Record<Wire, string>> = {
  openai: 'gpt-4o',
  anthropic: 'claude-haiku-4-5',
  google: 'gemini-2.5-flash',
  mistral: 'mistral-medium-latest',
};
const KEY = 'batch_test.p0.l0.0';
const directory = mkdtempSync(join(tmpdir(), 'holdfast-lanes-'));

const settingsOf = (wire: Wire): ProviderSettings => ({
  type: wire,
  apiKey: 'a-key',
  baseUrl: simulator.baseUrl('one', wire),
});
const targetOf = (wire: Wire) => ({ provider: 'one', model: MODELS[wire] });
const promptOf = (text: string): Prompt => ({
  messages: [{ role: 'user', parts: [{ type: 'text', text }] }],
  params: { maxTokens: 200 },
});
const idOf = (line: number) => `0123456789ab-${line}`;

async function connect(wire: Wire): Promise<BatchConnection> {
  const settings = settingsOf(wire);
  const vendor = await batchVendorOf(settings);
  if (!vendor) throw new Error(`${wire} has no batches.`);
  const baseUrl = addressOf(settings) ?? '';
  return vendor.connect({ settings, baseUrl, model: MODELS[wire], fetch, signal: new AbortController().signal });
}

async function send(wire: Wire, count: number, key = KEY) {
  const connection = await connect(wire);
  const { uploaded, path } = await spool(wire, { connection, count, key });
  return { connection, uploaded, id: await connection.create({ key, uploaded, path, count }) };
}

async function spool(
  wire: Wire,
  { connection, count, key = KEY }: { connection: BatchConnection; count: number; key?: string },
) {
  const writer = await createLineWriter({ settings: settingsOf(wire), target: targetOf(wire) });
  const lines: string[] = [];
  for (let line = 0; line < count; line++) {
    const written = await writer.write(promptOf(`What is ${line}?`));
    if (written.type === 'failed') throw new Error(written.failure.message);
    lines.push(connection.encode({ id: idOf(line), body: written.body }));
  }
  const path = join(directory, `${wire}.jsonl`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return { uploaded: await connection.upload({ key, path }), path };
}

async function collect(connection: BatchConnection, id: string): Promise<readonly LaneResult[]> {
  const all: LaneResult[] = [];
  for await (const results of connection.results(id)) all.push(...results);
  return all;
}

const ended = ({ connection, id }: { connection: BatchConnection; id: string }) =>
  eventually(async () => {
    const look = await connection.look(id);
    return look.state === 'ended' && look;
  });

describe.each<Wire>(['openai', 'anthropic', 'google', 'mistral'])('%s', (wire) => {
  test('answers every line, and each answer is read as one', async () => {
    const sent = await send(wire, 20);
    expect(await ended(sent)).toMatchObject({ end: 'completed', words: [], code: null });
    const results = await collect(sent.connection, sent.id);
    expect(results.map((result) => result.id)).toEqual(Array.from({ length: 20 }, (_, line) => idOf(line)));
    const reader = await createLineReader({ settings: settingsOf(wire), target: targetOf(wire) });
    for (const [line, result] of results.entries()) {
      if (result.type !== 'answer') throw new Error(`Line ${line} is ${result.type}.`);
      const read = await reader.read({ prompt: promptOf(`What is ${line}?`), result });
      if (read.type === 'failed') throw new Error(JSON.stringify([read, result]));
      expect(read).toMatchObject({ type: 'answered', answer: { finishReason: { unified: 'stop' } } });
      expect(read.type === 'answered' && read.answer.text).toBeTruthy();
      expect(read.usage?.inputTokens).toBeGreaterThan(0);
      expect(read.usage?.outputTokens).toBeGreaterThan(0);
    }
  });

  test('is found again by its key, or by what it holds', async () => {
    const sinceMs = Date.now();
    await send(wire, 2, 'another');
    const { connection, uploaded, id } = await send(wire, 3);
    const found = await connection.find({ key: KEY, uploaded, sinceMs, count: 3 });
    expect(found).toEqual(wire === 'anthropic' ? { certain: [], possible: [id] } : { certain: [id], possible: [] });
    const none = await connection.find({ key: 'a third', uploaded: { type: 'inline' }, sinceMs, count: 9 });
    expect(none).toEqual({ certain: [], possible: [] });
  });

  test('one whose reply was lost is found, and not created again', async () => {
    const sinceMs = Date.now();
    const connection = await connect(wire);
    const { uploaded, path } = await spool(wire, { connection, count: 3 });
    simulator.injectBatch({ times: 1, fault: { type: 'lost-reply', to: 'create' } });
    const error: unknown = await connection
      .create({ key: KEY, uploaded, path, count: 3 })
      .catch((thrown: unknown) => thrown);
    const vendor = await loadVendor(wire);
    expect(batchFailure(error, { vendor, target: targetOf(wire) })).toMatchObject({ kind: 'connection' });
    const { certain, possible } = await connection.find({ key: KEY, uploaded, sinceMs, count: 3 });
    expect([...certain, ...possible]).toHaveLength(1);
    expect(simulator.batches).toHaveLength(1);
  });

  test('tells how far it is where the wire does, and can be cancelled', async () => {
    simulator.injectBatch({ fault: { type: 'slow', ms: 3_000 } });
    const sent = await send(wire, 100);
    await eventually(() => (simulator.batches[0]?.billed.length ?? 0) > 0);
    const look = await sent.connection.look(sent.id);
    expect(look.state).toBe('running');
    if (wire === 'anthropic') expect(look.done).toBeNull();
    else expect(look.done).toBeGreaterThan(0);
    await sent.connection.cancel(sent.id);
    expect(await ended(sent)).toMatchObject({ end: 'cancelled' });
    await sent.connection.cancel(sent.id);
    const results = await collect(sent.connection, sent.id);
    const answered = results.filter(({ type }) => type === 'answer').length;
    expect(answered).toBe(wire === 'google' ? 0 : (simulator.batches[0]?.billed.length ?? 0));
  });

  test('one that expires keeps what it has answered', async () => {
    simulator.injectBatch({ fault: { type: 'expired', answered: { of: 0.5 } } });
    const sent = await send(wire, 40);
    expect(await ended(sent)).toMatchObject({ end: 'expired' });
    const results = await collect(sent.connection, sent.id);
    const answered = results.filter(({ type }) => type === 'answer');
    if (wire === 'google') expect(answered).toEqual([]);
    else {
      expect(answered.length).toBeGreaterThan(0);
      expect(answered.length).toBeLessThan(40);
    }
  });

  test('an error of one line is that line’s alone', async () => {
    simulator.injectBatch({
      fault: {
        type: 'line-error',
        share: { of: 0.3 },
        status: 500,
        body: { error: { message: 'It broke.', type: 'server_error' } },
      },
    });
    const sent = await send(wire, 40);
    await ended(sent);
    const results = await collect(sent.connection, sent.id);
    expect(results).toHaveLength(40);
    const errors = results.filter((result) => result.type === 'error');
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThan(40);
    const reader = await createLineReader({ settings: settingsOf(wire), target: targetOf(wire) });
    const [error] = errors;
    if (!error) throw new Error('There is none.');
    const read = await reader.read({ prompt: promptOf('?'), result: error });
    expect(read.type === 'failed' && read.failure.kind).not.toBe('unknown');
  });

  test('a look that is refused means what the provider says', async () => {
    const sent = await send(wire, 2);
    simulator.injectBatch({ times: 1, fault: { type: 'error', on: 'look', situation: 'rate-limit' } });
    const error: unknown = await sent.connection.look(sent.id).catch((thrown: unknown) => thrown);
    const vendor = await loadVendor(wire);
    expect(batchFailure(error, { vendor, target: targetOf(wire) })).toMatchObject({
      kind: 'rate-limited',
      status: 429,
    });
    expect((await ended(sent)).end).toBe('completed');
  });

  test('nothing of it stays behind at the provider', async () => {
    const connection = await connect(wire);
    const { uploaded, path } = await spool(wire, { connection, count: 2 });
    const id = await connection.create({ key: KEY, uploaded, path, count: 2 });
    await ended({ connection, id });
    await connection.remove(id, uploaded);
    await expect(collect(connection, id)).rejects.toThrow();
  });
});
