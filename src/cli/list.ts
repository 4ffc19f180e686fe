// `holdfast list`: a table of inferences, newest first.

import { connect } from './api-client.ts';
import type { InferenceSummaryView } from './api-client.ts';
import { printJson, printLine, printNote, table } from './output.ts';

export interface ListOptions {
  readonly status?: string;
  readonly waitingFor?: string;
  readonly model?: string;
  readonly since?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly limit?: number;
  readonly after?: string;
  readonly json: boolean;
}

export async function list(options: ListOptions): Promise<void> {
  const page = await connect().list(filters(options));
  if (options.json) {
    printJson(page);
    return;
  }
  if (page.data.length === 0) {
    printNote('No inferences.');
    return;
  }
  printLine(table([['ID', 'STATUS', 'MODEL', 'CREATED', 'TOOK', 'METADATA'], ...page.data.map(row)]));
  if (page.next) printNote(`There are more: add --after ${page.next}`);
}

function filters(options: ListOptions): URLSearchParams {
  const { status, waitingFor, model, since, metadata, limit, after } = options;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ status, waiting_for: waitingFor, model, since, limit, after })) {
    if (value !== undefined) query.set(name, String(value));
  }
  for (const [key, value] of Object.entries(metadata)) query.set(`metadata.${key}`, value);
  return query;
}

function row(inference: InferenceSummaryView): readonly string[] {
  const metadata = Object.entries(inference.metadata ?? {}).map(([key, value]) => `${key}=${value}`);
  return [
    inference.id,
    inference.waiting_for === 'resolution' ? 'held' : inference.status,
    inference.model,
    inference.created_at.replace('T', ' ').replace(/\.\d+/, ''),
    took(inference),
    metadata.join(' '),
  ];
}

function took(inference: InferenceSummaryView): string {
  if (!inference.ended_at) return '-';
  return `${((Date.parse(inference.ended_at) - Date.parse(inference.created_at)) / 1000).toFixed(1)} s`;
}
