// What is kept of batches: two JSON documents in the blob store, one of the start and one of the end.

import type { BatchManifest, BatchStart } from '../domain/batch.ts';
import type { BatchRecords } from '../domain/batch-records.ts';
import { isBatchId } from '../domain/ids.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { readJson, writeJson } from './json-blobs.ts';

export function createBatchRecords(blobs: BlobStore): BatchRecords {
  return {
    writeStart: (start) => writeJson(blobs, `${start.input.id}${START}`, start),
    readStart: async (id) => (isBatchId(id) ? readJson<BatchStart>(blobs, `${id}${START}`) : null),
    writeEnd: (manifest) => writeJson(blobs, `${manifest.id}${END}`, manifest),
    readEnd: async (id) => (isBatchId(id) ? readJson<BatchManifest>(blobs, `${id}${END}`) : null),
    async list() {
      const found = await blobs.list('batch_');
      const started = found.filter(({ key }) => key.endsWith(START));
      // Ids under an Idempotency-Key do not sort by time.
      return started.sort((a, b) => b.modifiedMs - a.modifiedMs).map(({ key }) => key.slice(0, -START.length));
    },
  };
}

const START = '.start.json';
const END = '.end.json';
