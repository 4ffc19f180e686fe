// Vectors as OpenAI's embedding list: as an object, or as the pieces of its JSON, since thousands of vectors as numbers
// are tens of megabytes, and nobody else is to wait while they are written.

import { z } from 'zod';
import type { Embedded } from '../domain/embeddings.ts';
import { totalUsage } from '../domain/embeddings.ts';
import type { EmbeddingsResult } from '../domain/inference.ts';

const listFields = {
  object: z.literal('list'),
  model: z.string().meta({ description: 'The model that served, as its provider names it.' }),
  usage: z
    .object({ prompt_tokens: z.int(), total_tokens: z.int() })
    .optional()
    .meta({ description: 'Left out when a provider did not report it.' }),
};

const itemFields = { object: z.literal('embedding'), index: z.int() };

export const embeddingListSchema = z
  .object({
    ...listFields,
    data: z.array(
      z.object({
        ...itemFields,
        embedding: z.string().meta({ description: 'Base64 of 32-bit floats, little-endian.' }),
      }),
    ),
  })
  .meta({ id: 'EncodedEmbeddingList' });

export const embeddingAnswerSchema = z
  .object({
    ...listFields,
    data: z.array(z.object({ ...itemFields, embedding: z.union([z.array(z.number()), z.string()]) })),
  })
  .meta({ id: 'EmbeddingList' });

type Encoding = 'float' | 'base64';
type Result = Pick<EmbeddingsResult, 'embeddings'>;

export function embeddingListOf({ embeddings }: Result): z.output<typeof embeddingListSchema> {
  const vectors = embeddings.flatMap((embedded) => [...vectorsOf(embedded)]);
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: vector.toString('base64') })),
    ...about(embeddings),
  };
}

export function* embeddingListJson({ embeddings }: Result, encoding: Encoding): Generator<string> {
  yield '{"object":"list","data":[';
  let index = 0;
  for (const embedded of embeddings) {
    for (const vector of vectorsOf(embedded)) {
      const embedding = encoding === 'base64' ? vector.toString('base64') : numbersOf(vector);
      yield `${index > 0 ? ',' : ''}${JSON.stringify({ object: 'embedding', index, embedding })}`;
      index += 1;
    }
  }
  yield `],${JSON.stringify(about(embeddings)).slice(1)}`;
}

/** Which model's and for how many tokens; the model is the same for all of them, whoever served it. */
function about(embeddings: readonly Embedded[]) {
  const tokens = totalUsage(embeddings)?.inputTokens ?? null;
  return {
    model: embeddings.at(-1)?.model ?? '',
    ...(tokens !== null && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
  };
}

const FLOAT_BYTES = 4;

function* vectorsOf({ vectors, dimensions }: Embedded): Generator<Buffer> {
  const bytes = Buffer.from(vectors, 'base64');
  const length = dimensions * FLOAT_BYTES;
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

function numbersOf(vector: Buffer): number[] {
  return Array.from({ length: vector.length / FLOAT_BYTES }, (_, place) => vector.readFloatLE(place * FLOAT_BYTES));
}
