// Lines as the HTTP side uses them: those of this process, and those that another API holds.

import type { WebSocket } from 'ws';
import type { HeldLine, LineAddress, Lines } from '../domain/line.ts';
import type { LineConnections } from './connection.ts';
import type { LineHub } from './hub.ts';
import { Line } from './line.ts';
import type { HangUpMessage, ListenerMessage } from './messages.ts';
import { textOf } from './messages.ts';

export function createLines(hub: LineHub, connections: LineConnections): Lines {
  return {
    hold: (isLive) => hub.hold(isLive),
    join: (address) => {
      const own = hub.find(address.token);
      return own ? own.hold() : listenTo(connections, address);
    },
  };
}

/** A copy of the line. Where the other process is gone it stays empty: the client gets the answer at its end. */
function listenTo(connections: LineConnections, address: LineAddress): HeldLine {
  let connection: WebSocket | null = null;
  let hasLeft = false;
  const copy = new Line(address, () => undefined);
  const follow = async (): Promise<void> => {
    const opened = await connections.open(address, { as: 'listener' });
    if (!opened) return;
    connection = opened.connection;
    if (hasLeft) connection.close();
    copy.follow(JSON.parse(opened.first) as ListenerMessage);
    connection.on('message', (data) => copy.follow(JSON.parse(textOf(data)) as ListenerMessage));
  };
  void follow();
  return Object.assign(copy.hold(), {
    hangUp: () => {
      const message: HangUpMessage = { hangUp: true };
      connection?.send(JSON.stringify(message));
    },
    leave: () => {
      hasLeft = true;
      connection?.close();
    },
  });
}
