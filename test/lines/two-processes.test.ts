// Lines between processes, over real sockets: a worker that passes tokens on, another API that listens.

import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer as createSocketServer } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { CallLine, HeldLine, LineAddress } from '../../src/domain/line.ts';
import { createCallLines } from '../../src/lines/call-lines.ts';
import { LineConnections } from '../../src/lines/connection.ts';
import { createLines } from '../../src/lines/held-lines.ts';
import { LineHub } from '../../src/lines/hub.ts';
import { serveLines } from '../../src/lines/line-server.ts';
import { eventually } from '../support/polling.ts';

let server: Server;
let hub: LineHub;
let lines: { readonly close: () => void };
const warned: string[] = [];

beforeEach(async () => {
  server = createServer((request, response) => {
    request.resume().once('end', () => response.end(`${request.method} ${request.url}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  hub = new LineHub();
  hub.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  lines = serveLines(server, hub);
  warned.length = 0;
});
afterEach(() => {
  lines.close();
  server.close();
  server.closeAllConnections();
});

const logger = pino({ level: 'warn' }, { write: (entry: string) => void warned.push(entry) });
const newConnections = () => new LineConnections(logger);

/** A call of a process that holds no lines. */
function call(
  address: LineAddress,
  options: { isRacing?: boolean; runId?: string; connections?: LineConnections } = {},
) {
  const { isRacing = false, runId = 'run-1', connections = newConnections() } = options;
  return createCallLines(null, connections).open({ address, target: 'one/m1', runId, isRacing });
}

/** The line as a client at another API sees it. */
const listen = (address: LineAddress) => createLines(new LineHub(), newConnections()).join(address);
const text = (held: HeldLine) => held.pieces.join('');
/** Nobody's text is being passed on. */
const isFree = (held: HeldLine) => hub.find(held.address.token)?.owner === null;
const isConnected = (address: LineAddress) => hub.find(address.token)?.isIdle === false;

function passAll(distant: CallLine, count: number): string {
  const pieces = Array.from({ length: count }, (_, index) => `${index} `);
  for (const piece of pieces) distant.pass(piece, 'some-model');
  return pieces.join('');
}

describe('a call in another process', () => {
  test('passes everything on, in order, and says who serves', async () => {
    const held = hub.hold(true);
    const distant = await call(held.address);
    const all = passAll(distant, 5_000);
    distant.end(null);
    await eventually(() => text(held).length === all.length);
    expect(text(held)).toBe(all);
    expect(held.served).toEqual({ target: 'one/m1', model: 'some-model' });
    expect(distant.hasPassed).toBe(true);
  });

  test('keeps characters whole that two pieces share', async () => {
    const held = hub.hold(true);
    const distant = await call(held.address);
    distant.pass('🌊'.charAt(0), 'm');
    distant.pass('🌊'.charAt(1), 'm');
    await eventually(() => held.pieces.length === 2);
    expect(text(held)).toBe('🌊');
  });

  test('goes on from what others have passed on, and hears when it is taken and free', async () => {
    const held = hub.hold(true);
    const first = await call(held.address);
    first.pass('Hel', 'm');
    first.end('connection');
    await eventually(() => text(held) === 'Hel' && isFree(held));
    const [one, two] = await Promise.all([
      call(held.address, { isRacing: true }),
      call(held.address, { isRacing: true }),
    ]);
    expect([one.sofar, two.sofar]).toEqual(['Hel', 'Hel']);
    two.pass('lo', 'm');
    await eventually(() => one.isTaken);
    const turn = one.turn(new AbortController().signal);
    two.end('stalled');
    await turn;
    expect(one.isTaken).toBe(false);
    expect(held.isInterrupted).toBe(true);
  });

  test('that breaks off without a word counts as lost, and the next goes on from there', async () => {
    const held = hub.hold(true);
    const distant = await call(held.address);
    distant.pass('Hel', 'm');
    await eventually(() => text(held) === 'Hel');
    // As the kernel does for a process that was killed.
    lines.close();
    await eventually(() => isFree(held));
    expect(held.isInterrupted).toBe(false);
    expect(distant).toMatchObject({ isTaken: false });
    expect(distant.hungUp.aborted).toBe(false);
    distant.pass('lost', 'm');
    distant.end(null);
    expect(text(held)).toBe('Hel');
  });

  test('hears at once that the client has hung up, also before it began', async () => {
    const held = hub.hold(false);
    const distant = await call(held.address);
    expect(distant.hungUp.aborted).toBe(false);
    held.hangUp('run-1');
    await eventually(() => distant.hungUp.aborted);
    expect((await call(held.address)).hungUp.aborted).toBe(true);
    expect((await call(held.address, { runId: 'run-of-a-replay' })).hungUp.aborted).toBe(false);
  });

  test('with a wrong token, or after the line is gone, calls all the same and passes nothing on', async () => {
    const held = hub.hold(true);
    const connections = newConnections();
    const distant = await call({ ...held.address, token: 'guessed' }, { connections });
    passAll(distant, 10);
    distant.end(null);
    expect(distant).toMatchObject({ sofar: '', isTaken: false, hasPassed: false });
    expect(held.pieces).toEqual([]);
    expect(warned).toEqual([]);
    // That line alone is gone, not the process.
    (await call(held.address, { connections })).pass('Hello', 'm');
    await eventually(() => text(held) === 'Hello');
  });
});

describe('a connection whose other side is gone without a word', () => {
  test('is given up by both sides within 15 s, and its call counts as lost', { timeout: 20_000 }, async () => {
    const held = hub.hold(true);
    const { address } = held;
    const headers = { authorization: `Bearer ${address.token}` };
    // A worker that answers no ping, and an API that sends none.
    const worker = new WebSocket(`${hub.url.replace('http', 'ws')}/internal/line`, { headers, autoPong: false });
    const api = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    api.on('connection', (connection) => {
      connection.once('message', () => connection.send(JSON.stringify({ sofar: '', isTaken: true, hungUp: false })));
    });
    await Promise.all([once(worker, 'open'), once(api, 'listening')]);
    worker.send(JSON.stringify({ as: 'call', target: 'one/m1', runId: 'run-1', isRacing: true }));
    await once(worker, 'message');
    worker.send(JSON.stringify({ text: 'Hel', model: 'm' }));
    await eventually(() => text(held) === 'Hel');
    const distant = await call({ ...address, url: `http://127.0.0.1:${(api.address() as AddressInfo).port}` });
    expect(distant.isTaken).toBe(true);
    await Promise.all([distant.turn(new AbortController().signal), eventually(() => isFree(held), 15_000)]);
    for (const connection of api.clients) connection.terminate();
    api.close();
  });
});

describe('a process that cannot be reached', () => {
  test('that refuses is asked once, then left alone, and said so once', async () => {
    const address = { url: 'http://127.0.0.1:1', token: 'token', isLive: true };
    const connections = newConnections();
    for (let index = 0; index < 3; index++) expect((await call(address, { connections })).sofar).toBe('');
    expect(warned).toHaveLength(1);
    expect(warned[0]).toContain('ECONNREFUSED');
  });

  test('that says nothing holds up the first call for a second, and the next ones not at all', async () => {
    const sockets: Socket[] = [];
    const silent = createSocketServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = { url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, token: 't', isLive: true };
    const connections = newConnections();
    const beganAtMs = performance.now();
    await call(address, { connections });
    const firstMs = performance.now() - beganAtMs;
    await call(address, { connections });
    const nextMs = performance.now() - beganAtMs - firstMs;
    for (const socket of sockets) socket.destroy();
    silent.close();
    expect(firstMs).toBeGreaterThan(900);
    expect(nextMs).toBeLessThan(500);
    expect(sockets).toHaveLength(1);
  });
});

describe('a client at another API', () => {
  test('gets all from the beginning, and misses none of what comes while it connects', async () => {
    const held = hub.hold(true);
    const line = hub.find(held.address.token);
    const near = line?.attach({ target: 'one/m1', runId: 'run-1', isRacing: false });
    let all = '';
    const joining: Promise<HeldLine>[] = [];
    for (let index = 0; index < 300; index++) {
      all += `${index} `;
      near?.pass(`${index} `, 'm');
      if (index % 20 === 0) joining.push(listen(held.address));
      await new Promise(setImmediate);
    }
    const listeners = await Promise.all(joining);
    await eventually(() => listeners.every((copy) => text(copy).length >= all.length));
    for (const copy of listeners) expect(text(copy)).toBe(all);
    expect(listeners[0]?.served).toEqual({ target: 'one/m1', model: 'm' });
    near?.interrupt();
    await eventually(() => listeners.every((copy) => copy.isInterrupted));
    for (const copy of listeners) copy.leave();
    held.leave();
    near?.end(null);
    await eventually(() => line?.isIdle);
  });

  test('keeps the line while it listens, and can hang up', async () => {
    const held = hub.hold(true);
    const line = hub.find(held.address.token);
    const copy = await listen(held.address);
    held.leave();
    await eventually(() => isConnected(held.address));
    copy.hangUp('run-1');
    copy.leave();
    await eventually(() => line?.isHungUp);
    await eventually(() => !isConnected(held.address));
  });

  test('of a line that is gone gets nothing, and may leave', async () => {
    for (const url of [hub.url, '', 'nowhere']) {
      const copy = await listen({ url, token: 'gone', isLive: true });
      copy.leave();
      expect(copy.pieces).toEqual([]);
    }
  });
});

describe('on the port of the API', () => {
  const raw = (head: string, body = ''): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(hub.url).port), '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk.toString();
        if (answer.includes('\r\n\r\n')) socket.end();
      });
      socket.once('close', () => resolve(answer));
      socket.once('error', reject);
      socket.write(`${head}\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });

  test('a request that offers HTTP/2, as some clients do, is served as if it had not', async () => {
    const offer = 'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAA';
    expect(await raw(`POST /v1/chat/completions HTTP/1.1\r\n${offer}`, '{"a":1}')).toMatch(
      /^HTTP\/1.1 200 OK[\s\S]*POST \/v1\/chat\/completions/,
    );
    expect(await raw(`GET /elsewhere HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket`)).toMatch(/^HTTP\/1.1 200/);
  });

  test('a line needs its token, and whoever is refused and hangs up ends nothing', async () => {
    const head =
      'GET /internal/line HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n';
    const key = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==';
    expect(await raw(head + key)).toMatch(/^HTTP\/1.1 404/);
    expect(await raw(`${head}${key}\r\nauthorization: Bearer guessed`)).toMatch(/^HTTP\/1.1 404/);
    for (let index = 0; index < 20; index++) {
      const socket = connect(Number(new URL(hub.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(`${head}${key}\r\nhost: x\r\n\r\n`);
      socket.resetAndDestroy();
    }
    expect(await raw('GET /still-there HTTP/1.1')).toMatch(/^HTTP\/1.1 200/);
  });

  test.each([
    'first',
    'later',
  ])('what is no message ends its own connection alone, as the %s one too', async (place) => {
    const held = hub.hold(true);
    const { url, token } = held.address;
    const headers = { authorization: `Bearer ${token}` };
    const connection = new WebSocket(`${url.replace('http', 'ws')}/internal/line`, { headers });
    await once(connection, 'open');
    if (place === 'later') {
      connection.send(JSON.stringify({ as: 'call', target: 'one/m1', runId: 'run-1', isRacing: false }));
      await once(connection, 'message');
    }
    connection.send('{"text":');
    const [code] = await once(connection, 'close');
    expect(code).toBe(1007);
    const distant = await call(held.address);
    distant.pass('Hello', 'some-model');
    await eventually(() => text(held) === 'Hello');
    distant.end(null);
  });
});
