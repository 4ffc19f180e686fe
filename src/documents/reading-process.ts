// The process in which documents are read: takes a path, answers with the text or why there is none.

import { textOf, UnreadableDocument } from './document-text.ts';

export type Reading = { readonly text: string } | { readonly unreadable: string };

process.on('message', (path: string) => {
  void read(path).then((reading) => process.send?.(reading));
});

async function read(path: string): Promise<Reading> {
  try {
    return { text: await textOf(path) };
  } catch (error) {
    if (error instanceof UnreadableDocument) return { unreadable: error.message };
    throw error;
  }
}
