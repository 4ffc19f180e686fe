// Calls' ends of lines: directly where this process holds the line, over a connection where another one does.

import type { WebSocket } from 'ws';
import type { FailureKind } from '../domain/failure.ts';
import type { CallLine, CallLines } from '../domain/line.ts';
import type { LineConnections } from './connection.ts';
import type { LineHub } from './hub.ts';
import type { CallMessage, CallState } from './messages.ts';
import { onMessage } from './messages.ts';

/** @param hub of this process; null: it is no API */
export function createCallLines(hub: LineHub | null, connections: LineConnections): CallLines {
  return {
    async open({ address, ...call }) {
      const own = hub?.find(address.token);
      if (own) return own.attach(call);
      if (hub?.url === address.url) return NO_LINE;
      const opened = await connections.open(address, { as: 'call', ...call });
      return opened ? new DistantCall(opened.connection, opened.first as CallState) : NO_LINE;
    },
  };
}

/** Nobody listens. */
const NO_LINE: CallLine = {
  sofar: '',
  isTaken: false,
  hasPassed: false,
  hungUp: new AbortController().signal,
  pass: () => undefined,
  interrupt: () => undefined,
  turn: () => Promise.resolve(),
  end: () => undefined,
};

class DistantCall implements CallLine {
  readonly sofar: string;
  isTaken: boolean;
  hasPassed = false;
  readonly #connection: WebSocket;
  readonly #hangUp = new AbortController();
  #onFree: (() => void) | null = null;

  constructor(connection: WebSocket, first: CallState) {
    this.#connection = connection;
    this.sofar = first.sofar ?? '';
    this.isTaken = first.isTaken;
    if (first.hungUp) this.#hangUp.abort();
    onMessage(connection, (message) => this.#hear(message as CallState));
    // The process that holds the line is gone: nobody is left to wait for.
    connection.once('close', () => this.#hear({ isTaken: false, hungUp: false }));
  }

  get hungUp(): AbortSignal {
    return this.#hangUp.signal;
  }

  pass(text: string, model: string): void {
    // Whether the text is taken is decided there; that it may have been is what counts here.
    if (this.#send({ text, model }) && !this.isTaken) this.hasPassed = true;
  }

  interrupt(): void {
    this.#send({ interrupt: true });
  }

  turn(signal: AbortSignal): Promise<void> {
    if (!this.isTaken || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onFree = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  end(kind: FailureKind | null): void {
    this.#send({ end: kind });
    this.#connection.close();
  }

  #hear({ isTaken, hungUp }: CallState): void {
    this.isTaken = isTaken;
    if (hungUp) this.#hangUp.abort();
    if (!isTaken) this.#onFree?.();
  }

  /** Whether there still is a connection. */
  #send(message: CallMessage): boolean {
    const isOpen = this.#connection.readyState === this.#connection.OPEN;
    if (isOpen) this.#connection.send(JSON.stringify(message));
    return isOpen;
  }
}
