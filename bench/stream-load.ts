// The load of streams: so many clients, each on its own kept connection, that read answers of stamped tokens and note
// when each arrived. Nothing is parsed while tokens come, so that the load costs little.

import { setTimeout } from 'node:timers/promises';
import { Pool } from 'undici';
import { machineMs, type Pace, paceQuestion, type StampedToken, stampedTokens } from './paced.ts';

export interface Arrival extends StampedToken {
  readonly arrivedAtMs: number;
}

export interface Stream {
  readonly askedAtMs: number;
  /** All that were asked for, in their order. */
  readonly tokens: readonly Arrival[];
}

/** Throws at the first answer with a token missing, twice or out of order: a figure over errors would mean nothing. */
export async function loadStreams(run: {
  readonly url: string;
  readonly model: string;
  readonly clients: number;
  /** Of each client, one after the other. */
  readonly streams: number;
  readonly pace: Pace;
  /** Between one client's beginning and the next one's. @default 0 */
  readonly rampMs?: number;
}): Promise<readonly Stream[]> {
  const { url, model, clients, streams, pace, rampMs = 0 } = run;
  const pool = new Pool(url, { connections: clients, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 });
  const question = JSON.stringify({
    model,
    stream: true,
    messages: [{ role: 'user', content: paceQuestion(pace) }],
  });
  const answers: RawStream[] = [];
  const client = async (_: unknown, index: number) => {
    await setTimeout(index * rampMs);
    for (let stream = 0; stream < streams; stream++) answers.push(await ask(pool, question));
  };
  try {
    await Promise.all(Array.from({ length: clients }).map(client));
  } finally {
    await pool.close();
  }
  return answers.map((answer) => streamOf(answer, pace));
}

interface RawStream {
  readonly askedAtMs: number;
  readonly chunks: readonly { readonly data: Buffer; readonly arrivedAtMs: number }[];
}

async function ask(pool: Pool, question: string): Promise<RawStream> {
  const askedAtMs = machineMs();
  const { statusCode, body } = await pool.request({
    path: '/v1/chat/completions',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: question,
  });
  if (statusCode !== 200) throw new Error(`Answered ${statusCode}: ${(await body.text()).slice(0, 500)}`);
  const chunks: { readonly data: Buffer; readonly arrivedAtMs: number }[] = [];
  await new Promise<void>((resolve, reject) => {
    body.on('data', (data: Buffer) => chunks.push({ data, arrivedAtMs: machineMs() }));
    body.once('end', resolve);
    body.once('error', reject);
  });
  return { askedAtMs, chunks };
}

function streamOf({ askedAtMs, chunks }: RawStream, pace: Pace): Stream {
  const tokens: Arrival[] = [];
  const finishes: string[] = [];
  let unread = '';
  for (const { data, arrivedAtMs } of chunks) {
    const events = (unread + data.toString()).split('\n\n');
    unread = events.pop() ?? '';
    for (const event of events) {
      const { text, finish } = readEvent(event);
      const stamped = stampedTokens(text);
      if (!stamped) throw new Error(`The text of a token was changed: ${text.slice(0, 200)}`);
      for (const token of stamped) tokens.push({ ...token, arrivedAtMs });
      if (finish !== null) finishes.push(finish);
    }
  }
  const isInOrder = tokens.every(({ index }, position) => index === position);
  if (tokens.length !== pace.tokens || !isInOrder || finishes.join() !== 'stop,[DONE]' || unread !== '') {
    throw new Error(`A stream is not whole: ${tokens.length} of ${pace.tokens} tokens, ended by ${finishes.join()}.`);
  }
  return { askedAtMs, tokens };
}

function readEvent(event: string): { readonly text: string; readonly finish: string | null } {
  if (event === 'data: [DONE]') return { text: '', finish: '[DONE]' };
  // A comment keeps the connection alive.
  if (event.startsWith(':')) return { text: '', finish: null };
  if (!event.startsWith('data: {')) throw new Error(`No event of a stream: ${event.slice(0, 200)}`);
  const { choices, error } = JSON.parse(event.slice('data: '.length)) as {
    readonly choices?: readonly {
      readonly delta: { readonly content?: string };
      readonly finish_reason: string | null;
    }[];
    readonly error?: object;
  };
  if (error || !choices) throw new Error(`A stream failed: ${event.slice(0, 500)}`);
  return { text: choices[0]?.delta.content ?? '', finish: choices[0]?.finish_reason ?? null };
}
