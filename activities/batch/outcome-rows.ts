// Outcomes as they lie in their blob, a row each. An answer lies there as the line of the output file that it will be, so
// that putting that file together need not read it.

import type { LineOutcome } from '../../src/domain/batch.ts';

export type FailedLine = Extract<LineOutcome, { readonly kind: unknown }>;

export function outcomeRow(batchId: string, outcome: LineOutcome): string {
  if ('kind' in outcome) return JSON.stringify(outcome);
  const { line, customId, body } = outcome;
  const id = requestId(batchId, line);
  const response = { status_code: 200, request_id: id, body };
  return `${line} ${JSON.stringify({ id, custom_id: customId, response, error: null })}`;
}

export function readOutcomeRow(row: string): { readonly line: number; readonly output: string } | FailedLine {
  if (row.startsWith('{')) return JSON.parse(row) as FailedLine;
  const end = row.indexOf(' ');
  return { line: Number(row.slice(0, end)), output: row.slice(end + 1) };
}

export function requestId(batchId: string, line: number): string {
  return `batch_req_${batchId.slice('batch_'.length)}${line}`;
}
