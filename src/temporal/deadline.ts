// Bounds every round trip to Temporal: with the server stopped, a gRPC deadline alone can be overrun by seconds.

import type { NativeConnection } from '@temporalio/worker';
import type { EmbeddingsInput, InferenceInput } from '../domain/inference.ts';

const ROUND_TRIP_MS = 1_900;

/** Thrown when Temporal has not answered in time, or could not be reached. */
class TemporalUnavailable extends Error {
  override readonly name = 'TemporalUnavailable';
}

/** Runs `call` under a gRPC deadline and our own timer, whichever ends first. */
export async function withinRoundTrip<T>(
  connection: NativeConnection,
  call: () => Promise<T>,
  limitMs = ROUND_TRIP_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TemporalUnavailable(`Temporal did not answer within ${limitMs} ms.`)), limitMs);
  });
  try {
    return await Promise.race([connection.withDeadline(Date.now() + limitMs, call), late]);
  } catch (error) {
    throw isUnreachable(error) ? new TemporalUnavailable('Temporal could not be reached.', { cause: error }) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** What a start carries of what is asked. */
export function charactersOf(input: InferenceInput | EmbeddingsInput): number {
  let characters = 0;
  if ('embedding' in input) {
    for (const text of input.embedding.texts) characters += text.length;
    return characters;
  }
  for (const message of input.prompt.messages) {
    if (message.role !== 'user') characters += message.text?.length ?? 0;
    else for (const part of message.parts) characters += part.type === 'text' ? part.text.length : part.url.length;
  }
  return characters;
}

/** What is large goes to the blob store: a second more for each four million characters. */
export function startLimitMs(characters: number): number {
  return ROUND_TRIP_MS + Math.floor(characters / 4_000_000) * 1_000;
}

/** gRPC status codes that say nothing about the request: the server was away, late or shedding load. */
const UNREACHABLE_CODES: ReadonlySet<unknown> = new Set([
  1, // CANCELLED: the connection went away under the call
  4, // DEADLINE_EXCEEDED
  8, // RESOURCE_EXHAUSTED: too much of a kind at once
  14, // UNAVAILABLE
]);

export function isUnreachable(error: unknown): boolean {
  if (error instanceof TemporalUnavailable) return true;
  const code = grpcCode(error);
  return code !== undefined && UNREACHABLE_CODES.has(code);
}

function grpcCode(error: unknown): unknown {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'number') return current.code;
  }
  return undefined;
}
