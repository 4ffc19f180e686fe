// What the activities of document analyses need. Types only.

import type { AnalysisRecords } from '../../src/domain/analyses.ts';
import type { BatchRecords } from '../../src/domain/batch-records.ts';
import type { Catalog } from '../../src/domain/catalog.ts';
import type { Files } from '../../src/domain/files.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';

export interface DocumentDeps {
  readonly files: Files;
  readonly blobs: BlobStore;
  readonly catalog: Catalog;
  /** Folders of this machine, and buckets, that analyses may read and write. */
  readonly documentFolders: readonly string[];
  readonly batchRecords: Pick<BatchRecords, 'readStart' | 'writeStart' | 'readEnd'>;
  readonly analysisRecords: Pick<AnalysisRecords, 'writeEnd'>;
}
