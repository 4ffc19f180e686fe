// Documents as lines of the file that an analysis is made of. One of them at a time is in memory.

import type { DocumentLine } from '../domain/analysis.ts';
import { UnreadableDocument } from './document-text.ts';
import { DocumentReader } from './read-document.ts';

/** What cannot be read is a line with the reason, and holds up nothing. */
export async function* documentLines<Found extends { readonly name: string; readonly path: string }>(
  found: AsyncIterable<Found>,
): AsyncGenerator<{ readonly found: Found; readonly line: DocumentLine }> {
  const reader = new DocumentReader();
  try {
    for await (const one of found) yield { found: one, line: await lineOf(reader, one) };
  } finally {
    reader.end();
  }
}

async function lineOf(
  reader: DocumentReader,
  { name, path }: { readonly name: string; readonly path: string },
): Promise<DocumentLine> {
  try {
    return { name, text: await reader.read(path) };
  } catch (error) {
    if (!(error instanceof UnreadableDocument)) throw error;
    return { name, error: error.message };
  }
}
