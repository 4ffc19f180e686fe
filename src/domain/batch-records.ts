// What is kept of batches beside Temporal, so that they can be read beyond its retention. A port; the blob store is
// behind it.

import type { BatchManifest, BatchStart } from './batch.ts';

export interface BatchRecords {
  /** Settles when the record would survive a crash of the machine. Replaces one of the same id. */
  writeStart(start: BatchStart): Promise<void>;
  /** Null when there is none. */
  readStart(id: string): Promise<BatchStart | null>;
  writeEnd(manifest: BatchManifest): Promise<void>;
  /** Null: it has not ended. */
  readEnd(id: string): Promise<BatchManifest | null>;
  /** Ids of all that have a start, newest first. */
  list(): Promise<readonly string[]>;
}
