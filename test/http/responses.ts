// A response's parts for tests: an inference that was started, and how it may end.

import type { Answer } from '../../src/domain/answer.ts';
import type { Inference, InferenceFailure, InferenceResult } from '../../src/domain/inference.ts';
import type { ResponseParts } from '../../src/http/responses/response-object.ts';

export const ID = 'inf-01k9zv3m7x2c4d5e6f7g8h9j0k';

const running: Inference = {
  id: ID,
  runId: 'run-1',
  status: 'running',
  waitingFor: null,
  memo: { owner: null, model: 'summarize', deadlineMs: 120_000, metadata: { team: 'a' }, fingerprint: 'f' },
  createdAt: '2026-01-01T00:00:01.500Z',
  endedAt: null,
  result: null,
  failure: null,
  calls: [],
  heldVerdict: null,
};

export function partsOf(change: Partial<ResponseParts> = {}): ResponseParts {
  return {
    inference: running,
    request: { instructions: null, params: {} },
    memo: { background: false, store: true, hasInstructions: false },
    ...change,
  };
}

export function answered(change: Partial<Answer> = {}): Inference & { readonly result: InferenceResult } {
  const answer: Answer = {
    text: 'Hello you.',
    refusal: null,
    toolCalls: [],
    finishReason: { unified: 'stop', raw: 'stop' },
    usage: { inputTokens: 3, cachedInputTokens: 1, outputTokens: 4, reasoningTokens: 2 },
    model: 'gpt-4o-2024',
    ...change,
  };
  const result = { answer, target: 'openai/gpt-4o', calls: [] };
  return { ...running, status: 'succeeded', endedAt: '2026-01-01T00:00:03.000Z', result };
}

export function failed(change: Partial<InferenceFailure> = {}): Inference {
  const failure: InferenceFailure = {
    code: 'all_targets_failed',
    message: 'All targets failed.',
    cause: null,
    calls: [],
    ...change,
  };
  return { ...running, status: 'failed', endedAt: '2026-01-01T00:00:03.000Z', failure };
}
