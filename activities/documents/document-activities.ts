// The activities of document analyses, with what they need.

import type { AnalysisManifest, DocumentsRead } from '../../src/domain/analysis.ts';
import type { DocumentDeps } from './document-deps.ts';
import type { FinishAnalysisInput } from './finish-analysis.ts';
import { finishAnalysis } from './finish-analysis.ts';
import type { PlannedRound, PlanRoundInput } from './plan-round.ts';
import { planRound } from './plan-round.ts';
import type { ReadDocumentsInput } from './read-documents.ts';
import { readDocuments } from './read-documents.ts';

export interface DocumentActivities {
  readDocuments(input: ReadDocumentsInput): Promise<DocumentsRead>;
  planRound(input: PlanRoundInput): Promise<PlannedRound>;
  finishAnalysis(input: FinishAnalysisInput): Promise<AnalysisManifest>;
}

export function documentActivities(deps: DocumentDeps): DocumentActivities {
  return {
    readDocuments: (input) => readDocuments(deps, input),
    planRound: (input) => planRound(deps, input),
    finishAnalysis: (input) => finishAnalysis(deps, input),
  };
}
