// Document analysis: the same instructions for every document of a file or a folder. Documents that are too long are asked
// about in parts, and the answers of the parts are merged in further rounds; each round is a batch.
// These shapes are recorded in histories: fields may be added, never renamed or given another meaning.

import type { BatchInput } from './batch.ts';

/** The argument of the workflow `analysis`. */
export interface AnalysisInput {
  readonly source: DocumentSource;
  /** The name of a model or a target; what it means is looked up when the analysis begins. */
  readonly model: string;
  /** What is to be told of each document. */
  readonly prompt: string;
  /** JSON Schema of an answer; left out: answers are text. */
  readonly schema?: unknown;
  /** Of one answer; left out: as the provider has it. */
  readonly maxTokens?: number;
  readonly deadline: AnalysisDeadline;
  /** USD; null: no cap. */
  readonly maxCostUsd: number | null;
  readonly rescue: BatchInput['rescue'];
  /** Who is told of the end; left out: nobody. */
  readonly webhookUrl?: string;
  /** A folder of the workers' where the results are put as well. */
  readonly output?: { readonly folder: string; readonly csv: boolean };
  /** Name of the API key; null when there is no authentication. */
  readonly owner: string | null;
}

export type DocumentSource =
  /** Documents in JSON, one a line, that a client has read. */
  | { readonly type: 'file'; readonly fileId: string }
  /** A folder of the workers'; of a schedule, only what it has not analysed before. */
  | { readonly type: 'folder'; readonly folder: string; readonly newFor: string | null };

/** `clock`: the next such time of day after the analysis begins. */
export type AnalysisDeadline =
  | { readonly type: 'duration'; readonly ms: number }
  | { readonly type: 'clock'; readonly time: string; readonly timezone: string };

/** A line of the file of documents. */
export type DocumentLine =
  | { readonly name: string; readonly text: string; readonly version?: string }
  /** It could not be read, and why. */
  | { readonly name: string; readonly error: string; readonly version?: string };

/** What reading the documents has come to. */
export type DocumentsRead =
  | { readonly fileId: string; readonly documents: number; readonly unreadable: number; readonly deadlineMs: number }
  /** Nothing can be made of the source. */
  | { readonly fault: AnalysisFault };

export interface AnalysisFault {
  readonly code: string;
  readonly message: string;
}

/** A round that has ended. */
export interface AnalysisRound {
  readonly batchId: string;
  readonly outputFileId: string | null;
  readonly errorFileId: string | null;
}

export type AnalysisStop = 'cancelled' | 'deadline' | 'cost';

type AnalysisStatus =
  /** It begins at a later time. */
  'scheduled' | 'reading' | 'in_progress' | 'finalizing' | 'cancelling' | AnalysisManifest['status'];

/** Written beside the running workflow (Temporal's memo): readable without a worker. */
export interface AnalysisProgress {
  readonly status: AnalysisStatus;
  /** Null: not read yet. */
  readonly documents: number | null;
  readonly unreadable: number;
  /** Of all rounds so far; the last one may be running. */
  readonly batchIds: readonly string[];
  /** ISO 8601; null: not known yet. */
  readonly deadlineAt: string | null;
}

/** An analysis that has ended, as it lies in the blob store. */
export interface AnalysisManifest {
  readonly id: string;
  readonly status: 'completed' | 'failed' | 'expired' | 'cancelled';
  readonly stop: AnalysisStop | null;
  /** Why nothing came of it; null: something did. */
  readonly fault: AnalysisFault | null;
  readonly model: string;
  readonly owner: string | null;
  readonly documents: number;
  readonly answered: number;
  readonly failed: number;
  /** Failed documents, by the code of the reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Documents that were too long for one request. */
  readonly split: number;
  /** Lines of batches that went on to another lane or were rescued. */
  readonly redriven: number;
  /** One line in JSON a document; null: no documents could be read. */
  readonly outputFileId: string | null;
  readonly batchIds: readonly string[];
  /** USD; null: something of it is unknown. */
  readonly costUsd: number | null;
  readonly syncUsd: number | null;
  readonly estimateUsd: number | null;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly endedAt: string;
}

/** A line of the output file. */
export interface DocumentResult {
  readonly document: string;
  readonly status: 'answered' | 'failed';
  /** By the schema, or a text; null: failed. */
  readonly answer: unknown;
  /** In how many it was read; 0: it was not asked about. */
  readonly parts: number;
  readonly error: (AnalysisFault & { readonly attempts?: unknown }) | null;
}

export const NO_ANALYSIS_PROGRESS: AnalysisProgress = {
  status: 'reading',
  documents: null,
  unreadable: 0,
  batchIds: [],
  deadlineAt: null,
};
