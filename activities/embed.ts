// The activity `embed`: one attempt at having the texts of one call made into vectors.

import type { CallResult, EmbedInput } from '../src/domain/call.ts';
import type { Embedded } from '../src/domain/embeddings.ts';
import type { FailureKind } from '../src/domain/failure.ts';
import { estimateTokensOfTexts } from '../src/domain/token-estimate.ts';
import type { CallModelDeps } from './call-model.ts';
import { makeCall, openLine } from './call-model.ts';
import { embedTexts } from './providers/embed.ts';

export async function embed(deps: CallModelDeps, input: EmbedInput): Promise<CallResult<Embedded>> {
  const { texts, attemptTimeoutMs, news } = input;
  if (news) deps.health.hear(news);
  // The answer comes in one piece: there is no first token, and no silence between two.
  const limits = { firstTokenTimeoutMs: attemptTimeoutMs, stallTimeoutMs: attemptTimeoutMs };
  const line = await openLine(deps, input);
  let kind: FailureKind | null = 'unknown';
  try {
    return await makeCall(
      deps,
      { ...input, ...limits },
      {
        tokens: estimateTokensOfTexts(texts),
        send: (sending) => embedTexts({ ...input, ...sending, traceparent: input.traceparent ?? null }),
        cancelSignals: line ? [line.hungUp] : [],
        settle: async (outcome) => {
          kind = outcome.type === 'answered' ? null : outcome.failure.kind;
          return outcome;
        },
      },
    );
  } finally {
    line?.end(kind);
  }
}
