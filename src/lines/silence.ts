// Ends connections whose other side is gone without a word: a host that lost its power or its network closes nothing.

import type { WebSocket } from 'ws';

/** The side that holds the lines pings so often. */
export const PING_MS = 2_000;

/** Far longer than a busy process keeps its connections waiting. */
const SILENT_MS = 10_000;

/** @param sign what a living peer sends by itself: the holder's pings, or the pongs that answer them */
export function endWhenSilent(connection: WebSocket, sign: 'ping' | 'pong'): void {
  const timer = setTimeout(() => connection.terminate(), SILENT_MS);
  connection.on(sign, () => timer.refresh());
  connection.once('close', () => clearTimeout(timer));
}
