// Lines as the HTTP side uses them: those of this process, and those that another API holds.

import type { HeldLine, LineAddress, Lines } from '../domain/line.ts';
import type { LineConnections } from './connection.ts';
import type { LineHub } from './hub.ts';
import { Line } from './line.ts';
import type { HangUpMessage, ListenerMessage } from './messages.ts';
import { onMessage } from './messages.ts';

export function createLines(hub: LineHub, connections: LineConnections): Lines {
  return {
    hold: (isLive) => hub.hold(isLive),
    join: async (address) => hub.find(address.token)?.hold() ?? (await listenTo(connections, address)),
  };
}

/** A copy of the line. */
async function listenTo(connections: LineConnections, address: LineAddress): Promise<HeldLine> {
  const copy = new Line(address, () => undefined);
  const held = copy.hold();
  const opened = await connections.open(address, { as: 'listener' });
  if (!opened) return held;
  const { connection, first } = opened;
  copy.follow(first as ListenerMessage);
  onMessage(connection, (message) => copy.follow(message as ListenerMessage));
  return Object.assign(held, {
    hangUp: (runId: string) => {
      const message: HangUpMessage = { hangUp: runId };
      connection.send(JSON.stringify(message));
    },
    leave: () => connection.close(),
  });
}
