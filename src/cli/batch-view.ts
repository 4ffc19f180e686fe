// What a person sees of an analysis that runs: on a terminal one line that changes, elsewhere a line for each change, at
// most every few seconds. Writes to stderr only.

import ora from 'ora';
import type { AnalysisView, BatchView as BatchState } from './api-client.ts';
import { oneLine } from './output.ts';

export interface BatchView {
  reading(count: number, name: string): void;
  /** `batch`: the one that runs; null: none yet. */
  show(analysis: AnalysisView, batch: BatchState | null): void;
  note(text: string): void;
  stop(): void;
}

type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export function createBatchView(stream: Stream = process.stderr, now: () => number = Date.now): BatchView {
  // A terminal without a width, as some remote shells give: ora would clear infinitely many lines, without end.
  const isTerminal = stream.isTTY === true && stream.columns !== 0;
  // Left to itself, ora takes over stdin, and Ctrl-C with it.
  const spinner = isTerminal ? ora({ stream, isEnabled: true, discardStdin: false, text: 'reading' }).start() : null;
  let shown = { text: '', atMs: 0, status: '' };
  const change = (status: string, text: string) => {
    if (spinner) spinner.text = oneLine(text);
    else if (status !== shown.status || (text !== shown.text && now() - shown.atMs >= LINE_EVERY_MS)) {
      stream.write(`${oneLine(text)}\n`);
      shown = { text, atMs: now(), status };
    }
  };
  return {
    reading: (count, name) => change('reading', `reading document ${count}: ${name}`),
    show: (analysis, batch) => change(`${analysis.status} ${batch?.status}`, progressText(analysis, batch, now())),
    note: (text) => stream.write(`${oneLine(text)}\n`),
    stop: () => spinner?.stop(),
  };
}

/** For output that a program reads. */
export const silentBatchView: BatchView = {
  reading: () => undefined,
  show: () => undefined,
  note: () => undefined,
  stop: () => undefined,
};

const LINE_EVERY_MS = 10_000;

/** Lines, lanes, cost, time left; what is unknown is left out. */
export function progressText(analysis: AnalysisView, batch: BatchState | null, nowMs: number): string {
  const { id, status, starts_at: startsAt, document_counts: documents } = analysis;
  if (status === 'scheduled') return `${id} begins at ${new Date(startsAt).toLocaleString()}`;
  const parts = [`${id} ${status}`];
  if (documents.total !== null) parts.push(`${documents.total} documents`);
  if (batch) parts.push(...batchParts(analysis, batch, nowMs));
  return parts.join(' · ');
}

function batchParts(analysis: AnalysisView, batch: BatchState, nowMs: number): readonly string[] {
  const { total } = batch.request_counts;
  const lanes = laneCounts(batch);
  const done = Math.min(
    total,
    [...lanes.values()].reduce((sum, count) => sum + count, 0),
  );
  const parts = [analysis.batch_ids.length > 1 ? `merging, ${done} of ${total} lines` : `${done} of ${total} lines`];
  parts.push(...[...lanes].map(([lane, count]) => `${lane} ${count}`));
  const { usd, estimate_usd: estimate } = batch.cost;
  if (usd !== null) parts.push(`${money(usd)}${estimate === null ? '' : ` of about ${money(estimate)}`}`);
  const left = timeLeft({ done, total, elapsedMs: nowMs - batch.created_at * 1000 });
  if (left !== null) parts.push(`about ${left} left`);
  else if (analysis.deadline_at)
    parts.push(`until ${new Date(analysis.deadline_at).toLocaleTimeString()} at the latest`);
  return parts;
}

/** Lines that each lane has done, in the order of the lanes. */
function laneCounts({ lanes }: BatchState): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { target, end, answered, done } of lanes) {
    const name = target ?? 'rescue';
    counts.set(name, (counts.get(name) ?? 0) + (end === null ? (done ?? 0) : answered));
  }
  return counts;
}

/** By how fast it went so far; null: nothing can be said yet. */
function timeLeft(at: { readonly done: number; readonly total: number; readonly elapsedMs: number }): string | null {
  const { done, total, elapsedMs } = at;
  if (done < total / 50 || done >= total || elapsedMs < 5_000) return null;
  return lengthOf((elapsedMs * (total - done)) / done);
}

/** As people say it. */
export function lengthOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function money(usd: number): string {
  return `${usd >= 1 ? usd.toFixed(2) : Number(usd.toPrecision(2))} USD`;
}
