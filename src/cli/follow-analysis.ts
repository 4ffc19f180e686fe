// Waits until an analysis has ended, writes its results, and reports. The analysis belongs to the service: a lost
// connection is waited out, and Ctrl-C only stops the watching.

import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
// Not Node's readline, which ends a line at U+2028 too, as an answer may have it.
import { textLines } from '../../activities/batch/text-lines.ts';
import { csvRows } from '../documents/results-csv.ts';
import type { AnalysisView, ApiClient } from './api-client.ts';
import { ApiError } from './api-client.ts';
import { reportLines } from './batch-report.ts';
import type { BatchView } from './batch-view.ts';
import { CommandError, printJson, printLine } from './output.ts';

export async function followAnalysis(client: ApiClient, started: AnalysisView, view: BatchView): Promise<AnalysisView> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  // Not `once`: the spinner's library ends the process at a signal for which it finds no other listener.
  process.on('SIGINT', onInterrupt);
  const { id } = started;
  try {
    return await untilEnded({ client, started, view, signal: interrupt.signal });
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    throw new CommandError(
      `Stopped watching; the analysis goes on. To join it again: npx holdfast batch watch ${id} --out results.jsonl; to stop it: npx holdfast batch cancel ${id}`,
      { exitCode: 130, cause: error },
    );
  } finally {
    view.stop();
    process.off('SIGINT', onInterrupt);
  }
}

async function untilEnded(input: {
  readonly client: ApiClient;
  readonly started: AnalysisView;
  readonly view: BatchView;
  readonly signal: AbortSignal;
}): Promise<AnalysisView> {
  const { client, view, signal } = input;
  let analysis = input.started;
  let lostAtMs: number | null = null;
  while (analysis.ended_at === null) {
    try {
      const batchId = analysis.batch_ids.at(-1);
      view.show(analysis, batchId === undefined ? null : await client.getBatch(batchId));
      await sleep(PACE_MS, undefined, { signal });
      analysis = await client.getAnalysis(analysis.id);
      if (lostAtMs !== null) view.note('The service is back.');
      lostAtMs = null;
    } catch (error) {
      if (!(error instanceof ApiError) || !error.canPass) throw error;
      if (lostAtMs === null) view.note(`${error.message} The analysis is kept; trying again.`);
      lostAtMs ??= performance.now();
      if (performance.now() - lostAtMs > PATIENCE_MS) {
        throw new CommandError(`${error.message} Later: npx holdfast batch watch ${analysis.id}`, { cause: error });
      }
      await sleep(PACE_MS, undefined, { signal });
    }
  }
  return analysis;
}

const PACE_MS = 1_000;
/** Long enough for a service to be restarted or replaced. */
const PATIENCE_MS = 120_000;

/** Writes the results, prints the report; throws when the analysis has not come to its end. */
export async function endAnalysis(
  client: ApiClient,
  analysis: AnalysisView,
  options: {
    readonly out: string | undefined;
    readonly csv: boolean;
    readonly json: boolean;
  },
): Promise<void> {
  const { out, csv, json } = options;
  const { id, status, output_file_id: fileId } = analysis;
  const written = out === undefined || fileId === null ? [] : [out];
  if (out !== undefined && fileId !== null) {
    await writeWhole(out, await client.download(fileId));
    const table = csv ? tableOf(out) : null;
    if (table !== null) {
      await writeWhole(
        table,
        csvRows(() => textLines(createReadStream(out))),
      );
      written.push(table);
    }
  }
  if (json) printJson(analysis);
  else for (const line of await reportLines(client, { analysis, written })) printLine(line);
  if (status === 'completed') return;
  const reason = analysis.error
    ? `: ${analysis.error.message}`
    : analysis.stopped_by
      ? ` (${analysis.stopped_by}).`
      : '.';
  throw new CommandError(`Analysis ${id} ${ENDED[status] ?? 'has not been completed'}${reason}`);
}

const ENDED: Readonly<Record<string, string>> = {
  failed: 'failed',
  expired: 'has met its deadline',
  cancelled: 'was stopped',
};

function tableOf(out: string): string {
  return `${out.replace(/\.jsonl?$/, '')}.csv`;
}

/** All or nothing: what was there is replaced when everything has come. */
async function writeWhole(path: string, content: AsyncIterable<Uint8Array | string>): Promise<void> {
  const beside = `${path}.part`;
  try {
    await pipeline(Readable.from(content), createWriteStream(beside));
    await rename(beside, path);
  } catch (error) {
    throw new CommandError(`Cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}
