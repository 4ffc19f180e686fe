// What breaks on the wire, seen without any SDK, for every wire.

import { describe, expect, test, vi } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import { ask, eventsOf, readAll, runSimulator, WIRES } from './running.ts';

const at = runSimulator();
const last = () => at.simulator.requests.at(-1);
const FINISHED = /"finish_reason":"|"finishReason"|message_stop|\[DONE\]/;

describe.each(WIRES)('over the wire of %s', (wire) => {
  const faulty = async (fault: Fault, stream = true) => {
    at.simulator.inject({ fault });
    const response = await ask(at.simulator, wire, { stream });
    return { response, ...(await readAll(response)) };
  };
  const whole = async () => readAll(await ask(at.simulator, wire, { stream: true }));

  test('a whole stream finishes', async () => {
    const { text, broken } = await whole();
    expect(broken).toBe(false);
    expect(text).toMatch(FINISHED);
    expect(last()).toMatchObject({ wire, account: 'acme', model: 'm', stream: true, outcome: 'answered' });
  });

  test('a cut stream breaks off after so many chunks, all of which arrive', async () => {
    const before = await faulty({ type: 'cut', afterChunks: 0 });
    const after = await faulty({ type: 'cut', afterChunks: 7 });
    expect([before.broken, after.broken]).toEqual([true, true]);
    expect(eventsOf(after.text)).toHaveLength(eventsOf(before.text).length + 7);
    expect(after.text).not.toMatch(FINISHED);
    expect(last()).toMatchObject({ outcome: 'faulted', fault: 'cut' });
  });

  test('a cut answer that is not streamed breaks off in its body', async () => {
    const { response, text, broken } = await faulty({ type: 'cut' }, false);
    expect(broken).toBe(true);
    expect(text).toHaveLength(Math.floor(Number(response.headers.get('content-length')) / 2));
  });

  test('a stream can end politely without having finished', async () => {
    const { text, broken } = await faulty({ type: 'end-early' });
    expect(broken).toBe(false);
    expect(text).not.toMatch(FINISHED);
    expect(eventsOf(text).length).toBeGreaterThan(5);
  });

  test('an answer that is not streamed can end politely as half a JSON', async () => {
    const { text, broken } = await faulty({ type: 'end-early' }, false);
    expect(broken).toBe(false);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  test('a malformed chunk takes the place of one token, and the stream finishes all the same', async () => {
    const healthy = eventsOf((await whole()).text);
    const { text } = await faulty({ type: 'malformed-chunk', afterChunks: 3 });
    const events = eventsOf(text);
    expect(events).toHaveLength(healthy.length);
    expect(events.filter((event) => typeof event === 'string' && event !== '[DONE]')).toHaveLength(1);
    expect(text).toMatch(FINISHED);
  });

  test('an error under HTTP 200 is an event in a stream and the body otherwise', async () => {
    const streamed = await faulty({ type: 'error-in-200', situation: 'server-error', afterChunks: 2 });
    const body = await faulty({ type: 'error-in-200', situation: 'server-error' }, false);
    const error = wire === 'mistral' ? { object: 'error' } : { error: { message: expect.any(String) } };
    expect([streamed.response.status, body.response.status]).toEqual([200, 200]);
    expect(eventsOf(streamed.text).at(-1)).toMatchObject(error);
    expect(JSON.parse(body.text)).toMatchObject(error);
    expect(streamed.text).not.toMatch(FINISHED);
  });

  test.each([true, false])('a stall keeps the socket open until the client goes (stream: %s)', async (stream) => {
    at.simulator.inject({ fault: { type: 'stall', afterChunks: 2, keepAliveMs: 5 } });
    const leaving = new AbortController();
    const response = await ask(at.simulator, wire, { stream, signal: leaving.signal });
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    const keepAlive = wire === 'anthropic' && stream ? 'event: ping' : stream ? ': keep-alive' : '\n';
    let text = '';
    while (text.split(keepAlive).length < 5) text += decoder.decode((await reader?.read())?.value, { stream: true });
    expect(text).not.toMatch(FINISHED);
    expect(last()?.outcome).toBe('pending');
    leaving.abort();
    await vi.waitFor(() => expect(last()).toMatchObject({ outcome: 'client-gone', fault: 'stall' }));
  });

  test('a client that goes while it waits for the headers is seen at once', async () => {
    at.simulator.inject({ fault: { type: 'delay', headersMs: Infinity } });
    const leaving = new AbortController();
    const waiting = ask(at.simulator, wire, { signal: leaving.signal });
    await vi.waitFor(() => expect(last()?.outcome).toBe('pending'));
    leaving.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
    await vi.waitFor(() => expect(last()?.outcome).toBe('client-gone'), { timeout: 1_000 });
  });

  test('a web page can come under HTTP 200, and any other answer too', async () => {
    const page = await faulty({ type: 'html' });
    expect(page.response.headers.get('content-type')).toMatch('text/html');
    expect([page.response.status, page.text.slice(0, 6)]).toEqual([200, '<html>']);
    const other = await faulty({ type: 'status', status: 418, body: { tea: true }, headers: { 'retry-after': '3' } });
    expect([other.response.status, other.response.headers.get('retry-after')]).toEqual([418, '3']);
    expect(JSON.parse(other.text)).toEqual({ tea: true });
  });

  test('a reset comes before any header', async () => {
    const error = await faulty({ type: 'reset' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(last()).toMatchObject({ outcome: 'faulted', fault: 'reset' });
  });

  test('a body that is not JSON is what the provider calls invalid', async () => {
    const path =
      { anthropic: '/v1/messages', google: '/models/m:generateContent' }[wire as string] ?? '/chat/completions';
    const response = await fetch(at.simulator.baseUrl('acme', wire) + path, { method: 'POST', body: '{' });
    expect(response.status).toBe(wire === 'mistral' ? 422 : 400);
    expect(last()).toMatchObject({ outcome: 'faulted', body: undefined });
  });
});

test('a slow provider sends keep-alives until its first token, and then a whole answer', async () => {
  at.simulator.inject({ fault: { type: 'delay', firstTokenMs: 60, keepAliveMs: 10 } });
  const { text } = await readAll(await ask(at.simulator, 'deepseek', { stream: true }));
  expect(text.match(/^: keep-alive$/gm)?.length).toBe(5);
  expect(text.lastIndexOf(': keep-alive')).toBeLessThan(text.indexOf('"content":"The'));
  expect(last()).toMatchObject({ outcome: 'answered', fault: 'delay' });
});

test('an answer that is not streamed takes as long as its tokens', async () => {
  at.simulator.inject({ fault: { type: 'delay', headersMs: 20, firstTokenMs: 20, tokenMs: 5 } });
  const startedMs = performance.now();
  const response = await ask(at.simulator, 'openai', { extra: { max_tokens: 8 } });
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(75);
  expect(response.status).toBe(200);
});

test('a delay can end in another fault', async () => {
  at.simulator.inject({ fault: { type: 'delay', headersMs: 5, fault: { type: 'error', situation: 'overloaded' } } });
  expect((await ask(at.simulator, 'anthropic')).status).toBe(529);
  expect(last()).toMatchObject({ outcome: 'faulted', fault: 'delay' });
});
