// The provider of the scenario `rescue`, in a process of its own: it has no batches for anybody, answers each call after a
// second, as a short answer takes, and remembers when each has arrived.

import { createServer } from 'node:http';

const LATENCY_MS = 1_000;

let arrivals: number[] = [];

const server = createServer((request, response) => {
  const { method, url = '' } = request;
  if (method === 'GET' && url === '/arrivals') {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(arrivals));
    arrivals = [];
    return;
  }
  const atMs = Date.now();
  request.resume().once('end', () => {
    if (!url.endsWith('/chat/completions')) {
      response.writeHead(400, { 'content-type': 'application/json' }).end(REFUSAL);
      return;
    }
    arrivals.push(atMs);
    const answer = () => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(EVENTS);
    if (url.startsWith('/at-once/')) answer();
    else setTimeout(answer, LATENCY_MS);
  });
});

server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The provider has no port.');
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${address.port}` })}\n`);
});

const REFUSAL = JSON.stringify({ error: { message: 'There are no batches.', type: 'invalid_request_error' } });
const HEAD = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_767_225_600, model: 'model-a' };
/** What the load of the benchmark takes for an answer. */
const CONTENT = Array.from({ length: 50 }, () => 'word').join(' ');
const EVENTS = [
  { choices: [{ index: 0, delta: { role: 'assistant', content: CONTENT }, finish_reason: null }] },
  { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  { choices: [], usage: { prompt_tokens: 20, completion_tokens: 50, total_tokens: 70 } },
]
  .map((fields) => `data: ${JSON.stringify({ ...HEAD, ...fields })}\n\n`)
  .concat('data: [DONE]\n\n')
  .join('');
