// Which targets serve the embeddings of a model that a request names, and how many texts a call takes. Pure.

import type { Catalog } from '../domain/catalog.ts';
import { callSizes, embeddingChain } from '../domain/embeddings.ts';
import type { EmbeddingsInput } from '../domain/inference.ts';
import { ApiError } from './errors.ts';
import { resolveModel } from './resolve-model.ts';
import type { EmbeddingsWanted } from './start-inference.ts';

type ResolvedEmbeddings = Pick<EmbeddingsInput, 'settings' | 'deadlineMs' | 'onExhausted' | 'embedding'>;

export function resolveEmbeddings(
  catalog: Catalog,
  { wayIn, body, embedding, deadline }: Pick<EmbeddingsWanted, 'wayIn' | 'body' | 'embedding' | 'deadline'>,
): ResolvedEmbeddings {
  const { model } = body;
  const { settings, deadlineMs, onExhausted } = resolveModel({ catalog, wayIn, model, deadline });
  const wantsDimensions = embedding.dimensions !== undefined;
  const chain = embeddingChain({ settings, providers: catalog.providers, wantsDimensions });
  if (chain.type === 'none') throw unable(model, chain);
  const sizes = callSizes(
    embedding.texts.map((text) => Buffer.byteLength(text)),
    chain.limits,
  );
  return { settings: chain.settings, deadlineMs, onExhausted, embedding: { ...embedding, callSizes: sizes } };
}

function unable(
  model: string,
  { lacks, targets }: Extract<ReturnType<typeof embeddingChain>, { type: 'none' }>,
): ApiError {
  const names = targets.join(', ');
  switch (lacks) {
    case 'votes':
      return new ApiError({
        code: 'invalid_value',
        message: `model ${JSON.stringify(model)} is a consensus, and nobody votes on vectors: name one of its targets (${names}).`,
        param: 'model',
      });
    case 'embeddings':
      return new ApiError({
        code: 'unsupported_parameter',
        message: `model is not supported: no target of ${JSON.stringify(model)} has embeddings (${names}).`,
        param: 'model',
      });
    case 'dimensions':
      return new ApiError({
        code: 'unsupported_parameter',
        message: `dimensions is not supported by any target of ${JSON.stringify(model)} (${names}).`,
        param: 'dimensions',
      });
  }
}
