// The process in which documents are read: takes a path, answers with the text or why there is none.

import { Worker } from 'node:worker_threads';
import { textOf, UnreadableDocument } from './document-text.ts';

export type Reading = { readonly text: string } | { readonly unreadable: string };

// On top of what Node itself takes.
const maxBytes = process.memoryUsage.rss() + Number(process.argv[2]) * 1_048_576;
new Worker(new URL('./memory-watch.js', import.meta.url), { workerData: { maxBytes } }).unref();

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
