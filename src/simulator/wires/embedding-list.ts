// The embeddings format that OpenAI and Mistral share.

import { countTokens } from '../answer/tokens.ts';
import { numberOf, stringOf, stringsOf } from './read-json.ts';
import type { Ask, Json, Reply, ReplyContext } from './wire.ts';

/** @param dimensions of the models that are asked for none */
export function readEmbeddingAsk(body: Json, dimensions: number): Ask | null {
  const texts = stringsOf(body['input']);
  const model = stringOf(body['model']);
  if (model === '' || texts.length === 0 || texts.includes('')) return null;
  const wanted = numberOf(body['dimensions']) ?? dimensions;
  const form = body['encoding_format'] === 'base64' ? 'base64' : 'numbers';
  return embeddingAsk({ model, embed: { texts, dimensions: wanted, form } });
}

export function embeddingAsk({ model, embed }: Required<Pick<Ask, 'model' | 'embed'>>): Ask {
  return {
    model,
    stream: false,
    prefix: '',
    system: '',
    text: embed.texts.at(-1) ?? '',
    inputTokens: countTokens(embed.texts.join('')),
    maxTokens: null,
    stop: [],
    json: null,
    tool: null,
    streamUsage: false,
    embed,
  };
}

export function embeddingList(
  { vectors, form }: NonNullable<Reply['embedding']>,
  { inputTokens }: Reply,
  { model }: ReplyContext,
): Json {
  return {
    object: 'list',
    data: vectors.map(({ place, values }) => ({
      object: 'embedding',
      index: place,
      embedding: form === 'base64' ? base64Of(values) : values,
    })),
    model,
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
  };
}

function base64Of(values: readonly (number | null)[]): string {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [place, value] of values.entries()) bytes.writeFloatLE(value ?? Number.NaN, place * 4);
  return bytes.toString('base64');
}
