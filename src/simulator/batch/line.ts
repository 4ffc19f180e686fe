// What comes of one line of a batch: as the provider's API would have answered it without streaming, or as a fault of
// the batch says. The same whenever it is asked.

import { createHash } from 'node:crypto';
import { answerWith } from '../answer/faulty-answer.ts';
import { errorBody } from '../error-body.ts';
import type { Wire } from '../simulator.ts';
import type { Json, Reply, WireFormat } from '../wires/wire.ts';
import { isInShare } from './batch-fault.ts';
import type { BatchFaults } from './batch-rules.ts';

export interface BatchLine {
  readonly id: string;
  /** What the API would have been sent, by itself. */
  readonly body: Json;
}

export type LineEnd =
  | { readonly type: 'answer'; readonly requestId: string; readonly reply: Reply; readonly body: () => Json }
  | { readonly type: 'error'; readonly requestId: string; readonly status: number; readonly body: unknown };

export interface LineInput {
  readonly line: BatchLine;
  readonly wire: Wire;
  readonly format: WireFormat;
  readonly model: string;
  readonly batchId: string;
  readonly atMs: number;
  readonly faults: BatchFaults;
}

export function endOf(input: LineInput): LineEnd {
  const { line, wire, format, model, batchId, atMs, faults } = input;
  const id = createHash('md5').update(`${batchId} ${line.id}`).digest('hex');
  const requestId = format.requestId(id);
  const failing = faults['line-error'];
  if (failing && isInShare(failing.share, line.id)) {
    return { type: 'error', requestId, status: failing.status, body: failing.body };
  }
  const ask = format.read({ model, ...line.body }, { model });
  if (!ask || ask.stream) {
    return { type: 'error', requestId, ...errorBody(wire, 'invalid-request', { model, requestId }) };
  }
  const bad = faults['bad-answer'];
  const reply = answerWith(ask, bad && isInShare(bad.share, line.id) ? bad.fault : null);
  const context = { id, model: ask.model, atMs, streamUsage: false };
  return { type: 'answer', requestId, reply, body: () => format.body(reply, context) };
}
