// A simulator per test file, forgotten between tests, and what the tests of all wires ask it.

import { afterAll, afterEach, beforeAll } from 'vitest';
import type { RecordedRequest, Simulator, Wire } from '../../src/simulator/simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';

export const WIRES: readonly Wire[] = ['openai', 'anthropic', 'google', 'mistral', 'deepseek'];

export const TEXT = `Answer in two sentences.

The Danube is the second-longest river in Europe, after the Volga. It flows from the Black Forest into the Black Sea.
Ten countries lie on the river Danube, more than on any other river of the world. Its length is 2850 kilometres.`;

export const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    lengthKm: { type: 'integer', minimum: 100 },
    kind: { type: 'string', enum: ['river', 'lake'] },
    facts: { type: 'array', items: { type: 'string' }, minItems: 2 },
  },
  required: ['name', 'lengthKm', 'kind', 'facts'],
  additionalProperties: false,
};

/** As a rule book sees one. */
export const request: RecordedRequest = {
  account: 'acme',
  wire: 'openai',
  model: 'm',
  stream: false,
  path: '/',
  headers: {},
  body: {},
  text: '',
  atMs: 0,
  outcome: 'pending',
  settledAtMs: null,
};

/** `simulator` is there from the first test on. */
export function runSimulator(): { readonly simulator: Simulator } {
  let running: Simulator | null = null;
  beforeAll(async () => {
    running = await startSimulator();
  });
  afterEach(() => running?.clear());
  afterAll(() => running?.close());
  return {
    get simulator() {
      if (!running) throw new Error('The simulator runs only inside tests.');
      return running;
    },
  };
}

/** One request on the raw wire, without any SDK. */
export function ask(
  simulator: Simulator,
  wire: Wire,
  options: {
    readonly stream?: boolean;
    readonly text?: string;
    readonly extra?: object;
    readonly signal?: AbortSignal;
  } = {},
): Promise<Response> {
  const { stream = false, text = TEXT, extra = {}, signal } = options;
  const base = simulator.baseUrl('acme', wire);
  const messages = [{ role: 'user', content: text }];
  const post = (path: string, body: object) =>
    fetch(base + path, { method: 'POST', body: JSON.stringify({ ...body, ...extra }), ...(signal && { signal }) });
  if (wire === 'anthropic') return post('/v1/messages', { model: 'm', max_tokens: 500, stream, messages });
  if (wire !== 'google') return post('/chat/completions', { model: 'm', stream, messages });
  const verb = stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
  return post(`/models/m:${verb}`, { contents: [{ role: 'user', parts: [{ text }] }] });
}

/** Reads until the end or the break, whichever comes. */
export async function readAll(response: Response): Promise<{ readonly text: string; readonly broken: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    return { text, broken: false };
  } catch (error) {
    if (error instanceof TypeError) return { text, broken: true };
    throw error;
  }
}

/** The data of each event, parsed where it is JSON. */
export function eventsOf(text: string): readonly unknown[] {
  const data = text.match(/^data: .*$/gm) ?? [];
  return data.map((line) => {
    try {
      return JSON.parse(line.slice('data: '.length)) as unknown;
    } catch (error) {
      return error instanceof SyntaxError ? line.slice('data: '.length) : error;
    }
  });
}

/** Node 20 has no `Array.fromAsync`. */
export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
