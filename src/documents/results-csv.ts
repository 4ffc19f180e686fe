// Results of an analysis as a table, by csv-stringify: a row a document, a column for each property that the schema names.

import { stringify } from 'csv-stringify/sync';
import type { DocumentResult } from '../domain/analysis.ts';
import { isRecord, ownValue } from '../domain/json-value.ts';

/** In pieces. `lines`: of the output file. What a spreadsheet would take for a formula is written as text. */
export async function* csvRows(lines: AsyncIterable<string>, schema: unknown): AsyncGenerator<string> {
  const names = columnsOf(schema);
  yield row(['document', 'status', ...(names ?? ['answer']), 'error']);
  for await (const line of lines) yield row(cellsOf(JSON.parse(line) as DocumentResult, names));
}

function row(cells: readonly string[]): string {
  return stringify([cells], { escape_formulas: true, record_delimiter: 'windows' });
}

function cellsOf(
  { document, status, answer, error }: DocumentResult,
  names: readonly string[] | null,
): readonly string[] {
  const values =
    names === null ? [cell(answer)] : names.map((name) => cell(isRecord(answer) ? ownValue(answer, name) : null));
  return [document, status, ...values, error ? `${error.code}: ${error.message}` : ''];
}

/** Null: answers are one text, or of a shape that has no columns. */
function columnsOf(schema: unknown): readonly string[] | null {
  const properties = isRecord(schema) ? schema['properties'] : undefined;
  return isRecord(properties) && Object.keys(properties).length > 0 ? Object.keys(properties) : null;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
