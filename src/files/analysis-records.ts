// What is kept of analyses: one JSON document in the blob store when one has ended.

import type { AnalysisRecords } from '../domain/analyses.ts';
import type { AnalysisManifest } from '../domain/analysis.ts';
import { analysisKey, isAnalysisId } from '../domain/ids.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { readJson, writeJson } from './json-blobs.ts';

export function createAnalysisRecords(blobs: BlobStore): AnalysisRecords {
  return {
    writeEnd: (manifest) => writeJson(blobs, endKey(manifest.id), manifest),
    readEnd: async (id) => (isAnalysisId(id) ? readJson<AnalysisManifest>(blobs, endKey(id)) : null),
  };
}

function endKey(id: string): string {
  return `${analysisKey(id)}.end.json`;
}
