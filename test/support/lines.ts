// Lines of one process alone, as an API without workers elsewhere has them.

import { pino } from 'pino';
import type { Lines } from '../../src/domain/line.ts';
import { LineConnections } from '../../src/lines/connection.ts';
import { createLines } from '../../src/lines/held-lines.ts';
import { LineHub } from '../../src/lines/hub.ts';

export function linesInMemory(hub = new LineHub()): Lines {
  return createLines(hub, new LineConnections(pino({ level: 'silent' })));
}
