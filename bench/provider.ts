// The provider that both sides of the benchmark call: a server in a process of its own that answers every POST with the
// same stream of 50 tokens, at once, from the model that is the first part of the path. It costs as little as it can, and
// nothing of it is counted.

import { createServer } from 'node:http';

const TOKENS = 50;

const server = createServer((request, response) => {
  request.resume().once('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'bench' });
    // Each event is a chunk of its own, as providers send them.
    for (const chunk of eventsFor(request.url ?? '/')) response.write(chunk);
    response.end();
  });
});

server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The provider has no port.');
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${address.port}` })}\n`);
});

const events = new Map<string, readonly Buffer[]>();

function eventsFor(path: string): readonly Buffer[] {
  const model = path.split('/', 2)[1] ?? '';
  const known = events.get(model) ?? eventsOf(model);
  events.set(model, known);
  return known;
}

/** OpenAI's chat completion chunks. */
function eventsOf(model: string): readonly Buffer[] {
  const head = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_767_225_600, model };
  const event = (fields: object) => Buffer.from(`data: ${JSON.stringify({ ...head, ...fields })}\n\n`);
  return [
    ...Array.from({ length: TOKENS }, (_, index) => {
      const delta = index === 0 ? { role: 'assistant', content: 'word' } : { content: ' word' };
      return event({ choices: [{ index: 0, delta, finish_reason: null }] });
    }),
    event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
    event({ choices: [], usage: { prompt_tokens: 180, completion_tokens: TOKENS, total_tokens: 180 + TOKENS } }),
    Buffer.from('data: [DONE]\n\n'),
  ];
}
