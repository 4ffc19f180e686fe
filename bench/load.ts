// The load: so many clients, each on its own kept connection, each asking again as soon as it is answered.

import { setTimeout } from 'node:timers/promises';
import { Pool } from 'undici';

export interface Load {
  /** One per answer. */
  readonly latenciesMs: readonly number[];
  readonly elapsedMs: number;
}

/** Throws at the first answer that is not the one wanted: a figure over errors would mean nothing. */
export async function load(run: {
  readonly url: string;
  readonly model: string;
  readonly concurrency: number;
  readonly durationMs: number;
}): Promise<Load> {
  const { url, model, concurrency, durationMs } = run;
  const question = questionTo(model);
  const pool = new Pool(url, { connections: concurrency, pipelining: 1 });
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const client = async () => {
    while (performance.now() - startedAt < durationMs) latenciesMs.push((await ask(pool, question)).latencyMs);
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, client));
    const elapsedMs = performance.now() - startedAt;
    // What the server still writes about the last workflows belongs to them.
    await setTimeout(SETTLE_MS);
    return { latenciesMs, elapsedMs };
  } finally {
    await pool.close();
  }
}

/** One request after the other; the ids of the workflows that served them. */
export async function workflowIds(run: {
  readonly url: string;
  readonly model: string;
  readonly count: number;
}): Promise<readonly string[]> {
  const pool = new Pool(run.url, { connections: 1, pipelining: 1 });
  const question = questionTo(run.model);
  const ids: string[] = [];
  try {
    // Both sides name the answer after its workflow.
    while (ids.length < run.count) ids.push(JSON.parse((await ask(pool, question)).answer).id);
    return ids;
  } finally {
    await pool.close();
  }
}

const SETTLE_MS = 250;

async function ask(pool: Pool, question: string): Promise<{ readonly latencyMs: number; readonly answer: string }> {
  const askedAt = performance.now();
  const { statusCode, body } = await pool.request({
    path: '/v1/chat/completions',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: question,
  });
  const answer = await body.text();
  const latencyMs = performance.now() - askedAt;
  if (statusCode !== 200 || !answer.includes(ANSWER))
    throw new Error(`Answered ${statusCode}: ${answer.slice(0, 500)}`);
  return { latencyMs, answer };
}

/** About 180 tokens: a short instruction and a paragraph. */
function questionTo(model: string): string {
  return JSON.stringify({
    model,
    messages: [
      { role: 'system', content: 'Summarise what you are given in fifty words. Name no people.' },
      { role: 'user', content: 'The quick brown fox jumps over the lazy dog while the band plays on. '.repeat(12) },
    ],
  });
}

const ANSWER = JSON.stringify(Array.from({ length: 50 }, () => 'word').join(' '));
