// Lists inferences from Temporal's visibility, newest first, one row per inference. Visibility lags, allows few reads
// a second and has its own order (running first, then by end), so pages are cut by start time here.

import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { ListInferences, ListOutcome } from '../domain/inferences.ts';
import { summaryOf } from './read-inference.ts';
import { metadataTag, ownerTag } from './search-attributes.ts';
import { INFERENCES, quoted, STATUS_FILTERS, WAITING_FILTERS } from './visibility.ts';

const CACHE_MS = 1_000;
/** The first window of start times looked into, from the newest; it grows until it holds a page. */
const FIRST_WINDOW_MS = 60_000;
const WINDOW_GROWTH = 16;
/** No more rows than these are read and sorted for one page. */
const MAX_ROWS = 2_000;
const NARROWEST_WINDOW_MS = 1_000;
/** By how much the clock of the server may be ahead of ours. */
const CLOCK_LEEWAY_MS = 10_000;
/** Sorts behind every id. */
const LAST_ID = '~';

type RoundTrip = <T>(call: () => Promise<T>) => Promise<T>;
type Page = Extract<ListOutcome, { type: 'page' | 'bad-cursor' }>;

/** Rows that start before a point in time, ties broken by id. */
interface Cursor {
  readonly startMs: number;
  readonly id: string;
}

export class InferenceList {
  readonly #client: Client;
  readonly #roundTrip: RoundTrip;
  readonly #cache = new Map<string, { readonly atMs: number; readonly page: Promise<Page> }>();

  constructor(client: Client, roundTrip: RoundTrip) {
    this.#client = client;
    this.#roundTrip = roundTrip;
  }

  page(query: ListInferences): Promise<Page> {
    const nowMs = Date.now();
    for (const [key, { atMs }] of this.#cache) if (nowMs - atMs > CACHE_MS) this.#cache.delete(key);
    const key = JSON.stringify(query);
    const cached = this.#cache.get(key);
    if (cached) return cached.page;
    const page = this.#read(query, nowMs);
    this.#cache.set(key, { atMs: nowMs, page });
    return page;
  }

  async #read(query: ListInferences, nowMs: number): Promise<Page> {
    const before = query.after === undefined ? { startMs: nowMs + CLOCK_LEEWAY_MS, id: '' } : decodeCursor(query.after);
    if (!before) return { type: 'bad-cursor' };
    const filter = filterOf(query);
    const floorMs = query.sinceMs ?? 0;
    // Start times are finer than milliseconds: rows of the cursor's own one are read again, and cut exactly below.
    const toMs = before.startMs + 1;
    const fromMs = await this.#findWindow({ filter, floorMs, toMs, wanted: query.limit + 1 });
    const rows = await this.#rows(`${filter} AND ${startedBetween(fromMs, toMs)}`);
    const older = rows.filter((row) => isBefore(row, before) && isWanted(row, query)).sort(newestFirst);
    const found = await this.#firstCurrent(older, query.limit + 1);
    const shown = found.slice(0, query.limit);
    const last = shown.at(-1);
    if (found.length > shown.length && last)
      return pageOf(shown, { startMs: last.startTime.getTime(), id: last.workflowId });
    // The window is used up; what is older, if anything, is for the next page.
    return pageOf(shown, fromMs > floorMs ? { startMs: fromMs - 1, id: LAST_ID } : null);
  }

  /** Start of the smallest tried window that holds enough rows, or all there are. */
  async #findWindow(search: { filter: string; floorMs: number; toMs: number; wanted: number }): Promise<number> {
    const { filter, floorMs, toMs, wanted } = search;
    const startOf = (windowMs: number) => Math.max(toMs - windowMs, floorMs);
    const count = async (windowMs: number) => {
      const query = `${filter} AND ${startedBetween(startOf(windowMs), toMs)}`;
      return (await this.#roundTrip(() => this.#client.workflow.count(query))).count;
    };
    let tooNarrowMs = 0;
    let windowMs = FIRST_WINDOW_MS;
    let rows = await count(windowMs);
    while (rows < wanted && toMs - windowMs > floorMs) {
      tooNarrowMs = windowMs;
      windowMs *= WINDOW_GROWTH;
      rows = await count(windowMs);
    }
    while (rows > MAX_ROWS && windowMs - tooNarrowMs > NARROWEST_WINDOW_MS) {
      const halfMs = Math.floor((windowMs + tooNarrowMs) / 2);
      const halfRows = await count(halfMs);
      if (halfRows < wanted) tooNarrowMs = halfMs;
      else [windowMs, rows] = [halfMs, halfRows];
    }
    return startOf(windowMs);
  }

  async #rows(query: string): Promise<WorkflowExecutionInfo[]> {
    return this.#roundTrip(async () => {
      const rows: WorkflowExecutionInfo[] = [];
      for await (const row of this.#client.workflow.list({ query, pageSize: MAX_ROWS })) rows.push(row);
      return rows;
    });
  }

  /** The first rows that no replay has replaced: only the newest run of an inference is the inference. */
  async #firstCurrent(rows: readonly WorkflowExecutionInfo[], wanted: number): Promise<WorkflowExecutionInfo[]> {
    const current: WorkflowExecutionInfo[] = [];
    for (let start = 0; start < rows.length && current.length < wanted; start += IDS_PER_QUERY) {
      const chunk = rows.slice(start, start + IDS_PER_QUERY);
      const newest = await this.#newestRuns(chunk.filter((row) => row.closeTime).map((row) => row.workflowId));
      current.push(...chunk.filter((row) => (newest.get(row.workflowId)?.runId ?? row.runId) === row.runId));
    }
    return current.slice(0, wanted);
  }

  async #newestRuns(ids: readonly string[]): Promise<ReadonlyMap<string, WorkflowExecutionInfo>> {
    const newest = new Map<string, WorkflowExecutionInfo>();
    if (ids.length === 0) return newest;
    for (const run of await this.#rows(`WorkflowId IN (${[...new Set(ids)].map(quoted).join(', ')})`)) {
      const known = newest.get(run.workflowId);
      if (!known || run.startTime > known.startTime) newest.set(run.workflowId, run);
    }
    return newest;
  }
}

function pageOf(rows: readonly WorkflowExecutionInfo[], next: Cursor | null): Page {
  return { type: 'page', inferences: rows.map(summaryOf), next: next && encodeCursor(next) };
}

const IDS_PER_QUERY = 100;

function filterOf(query: ListInferences): string {
  const parts = [INFERENCES];
  if (query.owner !== null) parts.push(`HoldfastTags = ${quoted(ownerTag(query.owner))}`);
  if (query.model !== undefined) parts.push(`HoldfastModel = ${quoted(query.model)}`);
  for (const [key, value] of Object.entries(query.metadata))
    parts.push(`HoldfastTags = ${quoted(metadataTag(key, value))}`);
  if (query.status) parts.push(STATUS_FILTERS[query.status]);
  if (query.waitingFor) parts.push(WAITING_FILTERS[query.waitingFor]);
  return parts.join(' AND ');
}

/** SQLite's visibility compares tags without case: another owner's inference must not slip in. */
function isWanted(row: WorkflowExecutionInfo, { owner, metadata }: ListInferences): boolean {
  const { memo } = summaryOf(row);
  const isVisible = owner === null || memo.owner === owner;
  return isVisible && Object.entries(metadata).every(([key, value]) => memo.metadata[key] === value);
}

function startedBetween(fromMs: number, toMs: number): string {
  return `StartTime BETWEEN '${new Date(fromMs).toISOString()}' AND '${new Date(toMs).toISOString()}'`;
}

function isBefore(row: WorkflowExecutionInfo, cursor: Cursor): boolean {
  const startMs = row.startTime.getTime();
  return startMs < cursor.startMs || (startMs === cursor.startMs && row.workflowId < cursor.id);
}

function newestFirst(a: WorkflowExecutionInfo, b: WorkflowExecutionInfo): number {
  const apartMs = b.startTime.getTime() - a.startTime.getTime();
  return apartMs !== 0 ? apartMs : a.workflowId < b.workflowId ? 1 : -1;
}

function encodeCursor(cursor: Cursor): string {
  return Buffer.from(`${cursor.startMs}:${cursor.id}`).toString('base64url');
}

function decodeCursor(text: string): Cursor | null {
  const [startMs, id] = Buffer.from(text, 'base64url').toString().split(':');
  if (!startMs || !/^\d{1,15}$/.test(startMs) || id === undefined) return null;
  return { startMs: Number(startMs), id };
}
