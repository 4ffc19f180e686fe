// Connects to a line that another process holds. A process that cannot be reached is not tried again for a while: calls
// must not wait for it one by one.

import { WebSocket } from 'ws';
import type { LineAddress } from '../domain/line.ts';
import type { Opening } from './messages.ts';
import { LINE_PATH, onMessage, OPEN_LIMIT_MS } from './messages.ts';
import { endWhenSilent } from './silence.ts';

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
  ): Promise<{ readonly connection: WebSocket; readonly first: object } | null> {
    const isAway = (this.#awayUntilMs.get(url) ?? 0) > performance.now();
    if (isAway || !URL.canParse(url)) return null;
    const connection = new WebSocket(url.replace(/^http/, 'ws') + LINE_PATH, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      // What comes together with the first message waits until somebody listens for it.
      allowSynchronousEvents: false,
    });
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#noteAway(url, 'ETIMEDOUT');
        connection.terminate();
      }, OPEN_LIMIT_MS);
      connection.once('unexpected-response', () => connection.terminate());
      connection.on('error', ({ code }: NodeJS.ErrnoException) => {
        // A line that is gone is no process that is away.
        if (code !== undefined) this.#noteAway(url, code);
      });
      connection.once('open', () => {
        connection.send(JSON.stringify(opening));
        endWhenSilent(connection, 'ping');
      });
      const begin = (first: object): void => {
        clearTimeout(timer);
        resolve({ connection, first });
      };
      onMessage(connection, begin, { isFirst: true });
      connection.once('close', () => {
        clearTimeout(timer);
        resolve(null);
      });
    });
  }

  #noteAway(url: string, code: string): void {
    this.#awayUntilMs.set(url, performance.now() + AWAY_MS);
    this.#logger.warn({ url, code }, 'The API at which clients wait cannot be reached: tokens are not passed on.');
  }
}

/** Not for long: a process that starts again is soon back at the same address. */
const AWAY_MS = 5_000;
