// Posts a small JSON body to somebody who wants to be told, and says how he answered. Follows no redirect, and reads next
// to nothing of the answer.

import type { Dispatcher } from 'undici';
import { request } from 'undici';

export interface PostAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Rejects when there was no whole answer in time. */
export async function postJson(post: {
  readonly url: string;
  readonly connections: Dispatcher;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly limitMs: number;
}): Promise<PostAnswer> {
  const { url, connections, body, limitMs } = post;
  const signal = AbortSignal.timeout(limitMs);
  const answer = await request(url, {
    dispatcher: connections,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...post.headers },
    body,
    signal,
  });
  await answer.body.dump({ limit: MAX_READ_BYTES, signal });
  const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  return { status: answer.statusCode, headers: Object.fromEntries(headers) };
}

/** So that the connection can be used again; who sends more is hung up on. */
const MAX_READ_BYTES = 16_384;
