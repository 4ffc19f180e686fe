// A line of results in OpenAI's shape: the answer with its status, or why there is none.

import { isRecord } from '../sse.ts';
import type { LaneResult } from './lane.ts';
import type { Fields } from './wire.ts';

export function openaiResult(line: Fields): LaneResult | null {
  const { custom_id: id, response, error } = line;
  if (typeof id !== 'string') return null;
  const code = isRecord(error) ? error['code'] : undefined;
  if (code === 'batch_expired') return { type: 'expired', id };
  if (code === 'batch_cancelled') return { type: 'cancelled', id };
  if (!isRecord(response)) return error ? { type: 'error', id, status: null, body: { error } } : null;
  const { status_code: status, body, request_id: requestId } = response;
  if (typeof status === 'number' && status >= 400) return { type: 'error', id, status, body: body ?? { error } };
  if (!isRecord(body)) return error ? { type: 'error', id, status: null, body: { error } } : null;
  return { type: 'answer', id, body, requestId: typeof requestId === 'string' ? requestId : null };
}
