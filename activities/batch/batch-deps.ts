// What the activities of batches need beside what all have. Types only.

import type { Answer } from '../../src/domain/answer.ts';
import type { LineFault, LineRules } from '../../src/domain/batch.ts';
import type { BatchRecords } from '../../src/domain/batch-records.ts';
import type { Files } from '../../src/domain/files.ts';
import type { Inferences } from '../../src/domain/inferences.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import type { CallModelDeps } from '../call-model.ts';

export interface BatchDeps extends Pick<CallModelDeps, 'providers' | 'connections' | 'logger' | 'queue'> {
  readonly files: Files;
  readonly blobs: BlobStore;
  readonly batchRecords: Pick<BatchRecords, 'writeEnd'>;
  readonly inferences: Pick<Inferences, 'start' | 'get' | 'wait' | 'cancel'>;
  /** A line of the input file, or what is wrong with it. */
  readonly readLine: ReadLine;
  /** A line with which nothing was wrong when the batch was planned: it is not looked over again. */
  readonly readPlannedLine: (text: string, rules: LineRules) => BatchLine;
}

type ReadLine = (text: string, rules: LineRules) => BatchLine | { readonly fault: Omit<LineFault, 'line'> };

export interface BatchLine {
  readonly customId: string;
  readonly prompt: Prompt;
  /** An answer in the shape that the endpoint's clients know. `id`: an inference's, or one without a prefix. */
  readonly render: (answered: {
    readonly id: string;
    readonly createdAt: string;
    readonly answer: Answer;
    readonly target: string | null;
  }) => unknown;
}
