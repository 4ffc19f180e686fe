// Lets other processes use the lines that this one holds: workers pass tokens on, other APIs listen. One WebSocket a call
// or listener, on the port of the API; the line's own token admits.

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import type { LineHub } from './hub.ts';
import type { Line, LineCall } from './line.ts';
import type { CallMessage, CallState, HangUpMessage, ListenerMessage, Opening } from './messages.ts';
import { LINE_PATH, onMessage } from './messages.ts';
import { serveWithoutUpgrade } from './other-upgrades.ts';
import { endWhenSilent, PING_MS } from './silence.ts';

export function serveLines(server: Server, hub: LineHub): { readonly close: () => void } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url !== LINE_PATH) {
      serveWithoutUpgrade(server, { request, socket, head });
      return;
    }
    const line = lineOf(hub, request);
    if (!line) {
      // Whoever hangs up meanwhile is no reason for this process to end.
      socket.once('error', () => socket.destroy());
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (connection) => connect(connection, line));
  });
  const pings = setInterval(() => {
    for (const connection of sockets.clients) connection.ping();
  }, PING_MS).unref();
  return {
    close: () => {
      clearInterval(pings);
      for (const connection of sockets.clients) connection.terminate();
      sockets.close();
    },
  };
}

/** A piece of text may be a whole answer. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

function lineOf(hub: LineHub, { headers }: IncomingMessage): Line | null {
  const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
  return token === undefined ? null : hub.find(token);
}

function connect(connection: WebSocket, line: Line): void {
  const open = (message: object): void => {
    const opening = message as Opening;
    if (opening.as === 'listener') listen(connection, line);
    else answerCall(connection, line, line.attach(opening));
  };
  onMessage(connection, open, { isFirst: true });
  endWhenSilent(connection, 'pong');
  // A connection that breaks is closed next.
  connection.on('error', () => connection.terminate());
}

function answerCall(connection: WebSocket, line: Line, call: LineCall): void {
  let told = { isTaken: call.isTaken, hungUp: call.hungUp.aborted };
  const send = (state: CallState): void => connection.send(JSON.stringify(state));
  const tell = (): void => {
    const state = { isTaken: call.isTaken, hungUp: call.hungUp.aborted };
    if (state.isTaken === told.isTaken && state.hungUp === told.hungUp) return;
    told = state;
    send(state);
  };
  send({ sofar: call.sofar, ...told });
  const stop = line.onChange(tell);
  call.hungUp.addEventListener('abort', tell);
  onMessage(connection, (heard) => {
    const message = heard as CallMessage;
    if ('text' in message) call.pass(message.text, message.model);
    else if ('end' in message) call.end(message.end);
    else if (message.interrupt) call.interrupt();
  });
  connection.once('close', () => {
    stop();
    call.hungUp.removeEventListener('abort', tell);
    // Does nothing after an end that was told: a call that breaks off has lost its worker.
    call.end('worker-lost');
  });
}

function listen(connection: WebSocket, line: Line): void {
  const held = line.hold();
  let next = 0;
  const tell = (): void => {
    const { served, isInterrupted } = held;
    const pieces = held.pieces.slice(next);
    next = held.pieces.length;
    const message: ListenerMessage = { pieces, served, isInterrupted };
    connection.send(JSON.stringify(message));
  };
  tell();
  const stop = held.onChange(tell);
  onMessage(connection, (message) => {
    held.hangUp((message as HangUpMessage).hangUp);
  });
  connection.once('close', () => {
    stop();
    held.leave();
  });
}
