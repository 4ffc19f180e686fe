// Results of an analysis as a table, by csv-stringify: a row a document, a column for each field that answers have.

import { stringify } from 'csv-stringify/sync';
import type { DocumentResult } from '../domain/analysis.ts';
import { isRecord, ownValue } from '../domain/json-value.ts';

/**
 * Row by row. `lines`: of the output file, from its beginning each time. What a spreadsheet would take for a formula is
 * written as text.
 */
export async function* csvRows(lines: () => AsyncIterable<string>): AsyncGenerator<string> {
  const fields = await fieldsOf(lines());
  yield row(['document', 'status', ...(fields ?? ['answer']), 'error']);
  for await (const line of lines()) yield row(cellsOf(JSON.parse(line) as DocumentResult, fields));
}

function row(cells: readonly string[]): string {
  return stringify([cells], { escape_formulas: true, record_delimiter: 'windows' });
}

function cellsOf(
  { document, status, answer, error }: DocumentResult,
  fields: readonly string[] | null,
): readonly string[] {
  const values =
    fields === null ? [cell(answer)] : fields.map((field) => cell(isRecord(answer) ? ownValue(answer, field) : null));
  return [document, status, ...values, error ? `${error.code}: ${error.message}` : ''];
}

/** Null: there are answers that have none. */
async function fieldsOf(lines: AsyncIterable<string>): Promise<readonly string[] | null> {
  const fields = new Set<string>();
  for await (const line of lines) {
    const { status, answer } = JSON.parse(line) as DocumentResult;
    if (status === 'failed') continue;
    if (!isRecord(answer)) return null;
    for (const field of Object.keys(answer)) fields.add(field);
  }
  return fields.size > 0 ? [...fields] : null;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
