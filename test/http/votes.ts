// Inferences on which models have voted, as the port returns them.

import type { Answer } from '../../src/domain/answer.ts';
import type { CallRecord } from '../../src/domain/call.ts';
import type { FailureKind } from '../../src/domain/failure.ts';
import type { Inference, InferenceFailure } from '../../src/domain/inference.ts';
import type { Verdict, Vote } from '../../src/domain/verdict.ts';

export const id = 'inf-01k9zv3m7x2c4d5e6f7g8h9j0k';
const createdAt = '2026-11-24T10:00:00.000Z';

export const answer: Answer = {
  text: 'Bern',
  refusal: null,
  toolCalls: [],
  finishReason: { unified: 'stop', raw: 'stop' },
  usage: null,
  model: 'gpt-4o-2024-08-06',
};

export const vote: Vote = {
  standing: 'counted',
  target: 'one/gpt-4o',
  answer,
  weight: 1,
  latencyMs: 300,
  costUsd: 0.002,
  agrees: true,
};
const failedVote: Vote = {
  ...vote,
  standing: 'failed',
  target: 'two/beta',
  answer: null,
  weight: 2,
  latencyMs: null,
  costUsd: null,
  agrees: false,
};

export const agreed: Verdict = {
  outcome: 'agreed',
  decidedBy: 'votes',
  quorum: 2,
  votes: [vote, failedVote, { ...vote, target: 'three/gamma', weight: 0.5 }],
  winner: 0,
  agreement: 0.75,
  fields: { amount: 1, 'items[].price': 0.5 },
  openFields: [],
  because: 'Two of three agree.',
};
export const split: Verdict = { ...agreed, outcome: 'split', decidedBy: null, winner: null, fields: null };
export const inconclusive: Verdict = { ...split, outcome: 'inconclusive', agreement: null };

export const call = (target: string, kind: FailureKind | null): CallRecord => ({
  target,
  model: 'm',
  attempt: 1,
  outcome: kind === null ? 'succeeded' : kind === 'cancelled' ? 'cancelled' : 'failed',
  kind,
  startedAt: createdAt,
  durationMs: 120,
  firstTokenMs: null,
  usage: null,
  costUsd: null,
  providerRequestId: null,
  possiblyBilled: false,
  message: null,
});

export const running: Inference = {
  id,
  runId: 'run-1',
  status: 'running',
  waitingFor: null,
  memo: { owner: null, model: 'check', deadlineMs: 120_000, metadata: {}, fingerprint: 'f' },
  createdAt,
  endedAt: null,
  result: null,
  failure: null,
  calls: [],
  heldVerdict: null,
};
export const succeeded: Inference = {
  ...running,
  status: 'succeeded',
  endedAt: '2026-11-24T10:00:02.000Z',
  result: { answer, target: 'one/gpt-4o', verdict: agreed, calls: [] },
  calls: [call('one/gpt-4o', null), call('two/beta', 'timeout'), call('three/gamma', null)],
};
export const failed = (fields: Partial<InferenceFailure>): InferenceFailure => ({
  code: 'consensus_split',
  message: 'The votes are split.',
  cause: null,
  calls: [call('one/gpt-4o', null), call('two/beta', null), call('three/gamma', null)],
  verdict: split,
  ...fields,
});
