// What all batches over HTTP have in common: one request at a time that ends with the activity, and lines as they come.

import { lineGroups } from '../../batch/text-lines.ts';
import type { BatchAccess, BatchConnection, LaneResult } from './lane.ts';

/** For the SDKs: their own limit of time is of no use, as the activity has one, and uploads take long. */
export const NO_TIMEOUT_MS = 24 * 60 * 60 * 1000;

/** Clocks differ: a batch may seem to be older than what asked for it. */
const CLOCK_SKEW_MS = 10 * 60 * 1000;

/** The `fetch` for an SDK: it ends with the activity, also while a body is read. */
export function fetchOf({ fetch, signal }: BatchAccess): typeof globalThis.fetch {
  return (input, init) => {
    const signals = [signal, ...(init?.signal ? [init.signal] : [])];
    return fetch(input, { ...init, signal: AbortSignal.any(signals) });
  };
}

/** In groups, as they come. A line that cannot be read has no answer in it, as a line that is missing. */
export async function* resultsIn(
  body: ReadableStream<Uint8Array> | null,
  read: (line: Fields) => LaneResult | null,
): AsyncGenerator<readonly LaneResult[]> {
  for await (const lines of body ? lineGroups(body) : []) {
    yield lines.flatMap((line) => {
      const fields = fieldsOf(line);
      return (fields && read(fields)) ?? [];
    });
  }
}

export type Fields = Readonly<Record<string, unknown>>;

export function isAsOld(createdMs: number, sinceMs: number): boolean {
  return createdMs >= sinceMs - CLOCK_SKEW_MS;
}

/** Vendors answer differently when there is nothing to cancel any more: whether there was is what the batch says. */
export async function cancelled(
  cancel: Promise<unknown>,
  look: () => ReturnType<BatchConnection['look']>,
): Promise<void> {
  try {
    await cancel;
  } catch (error) {
    if ((await look()).state !== 'ended') throw error;
  }
}

/** What is gone already has been removed. */
export async function removed(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}

/** Of an SDK's error: each has its own name for it. */
export function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null;
  if ('status' in error && typeof error.status === 'number') return error.status;
  return 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : null;
}

function fieldsOf(line: string): Fields | null {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Fields) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
