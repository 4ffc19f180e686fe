// The lines that this API's process holds, by their tokens. A line is kept while somebody waits at it or calls, and for a
// while after, so that a client which comes back finds what was passed on.

import { randomBytes } from 'node:crypto';
import type { HeldLine } from '../domain/line.ts';
import { Line } from './line.ts';

export class LineHub {
  /** Where other processes reach this one; known once it listens. */
  url = '';
  readonly #lines = new Map<string, Line>();
  readonly #keptMs: number;

  /** @param options.keptMs how long a line is kept that nobody uses */
  constructor({ keptMs = 60_000 }: { readonly keptMs?: number } = {}) {
    this.#keptMs = keptMs;
  }

  hold(isLive: boolean): HeldLine {
    const token = randomBytes(16).toString('base64url');
    const line = new Line({ url: this.url, token, isLive }, () => this.#leaveLater(line));
    this.#lines.set(token, line);
    return line.hold();
  }

  /** Null when there is none of this token, or no longer. */
  find(token: string): Line | null {
    return this.#lines.get(token) ?? null;
  }

  #leaveLater(line: Line): void {
    const { token } = line.address;
    // There is nothing to come back to; and a replay of an inference that was hung up on begins anew.
    if (!line.address.isLive || line.isHungUp) this.#lines.delete(token);
    else setTimeout(() => line.isIdle && this.#lines.delete(token), this.#keptMs).unref();
  }
}
