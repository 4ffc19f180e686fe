// A list of questions put to the service by a few clients at once, and what came of each, in the order of the list.

import { Pool } from 'undici';

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly latencyMs: number;
}

export async function putQuestions(run: {
  readonly url: string;
  readonly clients: number;
  /** The bodies of chat completion requests. */
  readonly questions: readonly object[];
}): Promise<readonly Answered[]> {
  const { url, clients, questions } = run;
  const pool = new Pool(url, { connections: clients, pipelining: 1 });
  const answers: Answered[] = [];
  let next = 0;
  const client = async () => {
    while (next < questions.length) {
      const index = next++;
      answers[index] = await ask(pool, { method: 'POST', path: '/v1/chat/completions', body: questions[index] });
    }
  };
  try {
    await Promise.all(Array.from({ length: clients }, client));
    return answers;
  } finally {
    await pool.close();
  }
}

export interface Cost {
  readonly knownUsd: number;
  /** Cancelled ones, of which nobody knows what the provider has charged. */
  readonly callsOfUnknownCost: number;
}

/** What inferences have cost, by their ids: the sum over their calls, as the service tells it. */
export async function costOf(run: {
  readonly url: string;
  readonly clients: number;
  readonly ids: readonly string[];
}): Promise<Cost> {
  const { url, clients, ids } = run;
  const pool = new Pool(url, { connections: clients, pipelining: 1 });
  try {
    const costs = (await Promise.all(ids.map((id) => callCosts(pool, id)))).flat();
    return {
      knownUsd: costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0),
      callsOfUnknownCost: costs.filter((cost) => cost === null).length,
    };
  } finally {
    await pool.close();
  }
}

async function callCosts(pool: Pool, id: string): Promise<readonly (number | null)[]> {
  const { status, body } = await ask(pool, { method: 'GET', path: `/v1/inferences/${id}` });
  if (status !== 200) throw new Error(`Inference ${id} could not be read: ${status} ${body.slice(0, 500)}`);
  const { calls } = JSON.parse(body) as { readonly calls: readonly { readonly cost_usd: number | null }[] };
  return calls.map(({ cost_usd: costUsd }) => costUsd);
}

async function ask(
  pool: Pool,
  request: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: object | undefined },
): Promise<Answered> {
  const { method, path, body } = request;
  const askedAt = performance.now();
  const response = await pool.request({
    method,
    path,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const said = await response.body.text();
  return {
    status: response.statusCode,
    headers: response.headers,
    body: said,
    latencyMs: performance.now() - askedAt,
  };
}
