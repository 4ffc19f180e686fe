// What goes over the connection of a line between two processes, as JSON in WebSocket messages.

import type { RawData, WebSocket } from 'ws';
import type { FailureKind } from '../domain/failure.ts';
import type { Served } from '../domain/line.ts';

/** Below the address of an API's process; which line is meant says the token. */
export const LINE_PATH = '/internal/line';

/** How long a process that cannot be reached holds up a call. */
export const OPEN_LIMIT_MS = 1_000;

/** The first message of whoever connects: as a call, or as a client's connection at another API. */
export type Opening =
  | { readonly as: 'call'; readonly target: string; readonly runId: string; readonly isRacing: boolean }
  | { readonly as: 'listener' };

/** From a call. */
export type CallMessage =
  | { readonly text: string; readonly model: string }
  | { readonly end: FailureKind | null }
  | { readonly interrupt: true };

/** To a call. The first one answers its opening. */
export interface CallState {
  /** Only in the first one. */
  readonly sofar?: string;
  readonly isTaken: boolean;
  readonly hungUp: boolean;
}

/** To a listener: pieces that are new to it. */
export interface ListenerMessage {
  readonly pieces: readonly string[];
  readonly served: Served | null;
  readonly isInterrupted: boolean;
}

/** From a listener: the client has hung up on this run of the workflow. */
export interface HangUpMessage {
  readonly hangUp: string;
}

/** What is no message ends its own connection alone: an exception would end the process, and everybody's lines with it. */
export function onMessage(connection: WebSocket, hear: (message: object) => void, { isFirst = false } = {}): void {
  const listener = (data: RawData): void => {
    const message = parsed(data);
    if (typeof message === 'object' && message !== null) hear(message);
    else connection.close(NO_MESSAGE);
  };
  if (isFirst) connection.once('message', listener);
  else connection.on('message', listener);
}

/** WebSocket's word for data that is not what it ought to be. */
const NO_MESSAGE = 1007;

/** Of data in the form in which the `ws` library gives it unless it is told otherwise. */
function parsed(data: RawData): unknown {
  try {
    return JSON.parse((data as Buffer).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
