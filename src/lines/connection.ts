// Connects to a line that another process holds. A process that cannot be reached is not tried again for a while: calls
// must not wait for it one by one.

import { WebSocket } from 'ws';
import type { LineAddress } from '../domain/line.ts';
import type { Opening } from './messages.ts';
import { LINE_PATH, OPEN_LIMIT_MS } from './messages.ts';

interface LineLogger {
  warn(fields: object, message: string): void;
}

export class LineConnections {
  readonly #logger: LineLogger;
  /** By address: until when it is left alone. */
  readonly #awayUntilMs = new Map<string, number>();

  constructor(logger: LineLogger) {
    this.#logger = logger;
  }

  /** An open connection on which the opening was sent, and the first message that came; null when there is none in time. */
  async open(
    { url, token }: LineAddress,
    opening: Opening,
  ): Promise<{ readonly connection: WebSocket; readonly first: string } | null> {
    if ((this.#awayUntilMs.get(url) ?? 0) > performance.now()) return null;
    const address = url.replace(/^http/, 'ws') + LINE_PATH;
    const headers = { authorization: `Bearer ${token}` };
    const connection = new WebSocket(address, { headers, handshakeTimeout: OPEN_LIMIT_MS, perMessageDeflate: false });
    return new Promise((resolve) => {
      const timer = setTimeout(() => connection.terminate(), OPEN_LIMIT_MS);
      connection.once('unexpected-response', () => connection.terminate());
      connection.on('error', (error: NodeJS.ErrnoException) => this.#noteAway(url, error));
      connection.once('open', () => connection.send(JSON.stringify(opening)));
      connection.once('message', (data) => {
        clearTimeout(timer);
        resolve({ connection, first: String(data) });
      });
      connection.once('close', () => {
        clearTimeout(timer);
        resolve(null);
      });
    });
  }

  #noteAway(url: string, error: NodeJS.ErrnoException): void {
    // A line that is gone is no process that is away.
    if (error.code === undefined) return;
    this.#awayUntilMs.set(url, performance.now() + AWAY_MS);
    this.#logger.warn(
      { url, code: error.code },
      'The API at which clients wait cannot be reached: tokens are not passed on.',
    );
  }
}

const AWAY_MS = 30_000;
