// The floor of streaming, a process of its own: passes a provider's stream on, and parses and rewrites each event as JSON
// on the way. Nothing is judged, recorded or failed over.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

const [providerUrl = ''] = process.argv.slice(2);

const server = createServer((request, response) => void relay(request, response));
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The relay has no port.');
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${address.port}` })}\n`);
});
process.once('SIGTERM', () => process.exit());

async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await fetch(`${providerUrl}/model-a/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: await text(request),
  });
  if (!answer.ok || !answer.body) throw new Error(`The provider answered ${answer.status}.`);
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const id = `relay-${randomUUID()}`;
  const decoder = new TextDecoder();
  let unread = '';
  for await (const chunk of answer.body) {
    const lines = (unread + decoder.decode(chunk, { stream: true })).split('\n');
    unread = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data: ')) response.write(`data: ${rewritten(line.slice('data: '.length), id)}\n\n`);
    }
  }
  response.end();
}

interface Chunk {
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
  readonly choices: readonly Choice[];
  readonly usage?: object;
}

interface Choice {
  readonly index: number;
  readonly delta: object;
  readonly finish_reason: string | null;
}

function rewritten(data: string, id: string): string {
  if (data === '[DONE]') return data;
  const { created, model, system_fingerprint, choices, usage } = JSON.parse(data) as Chunk;
  return JSON.stringify({
    id,
    object: 'chat.completion.chunk',
    created,
    model,
    system_fingerprint,
    choices: choices.map(({ index, delta, finish_reason }) => ({ index, delta, logprobs: null, finish_reason })),
    ...(usage && { usage }),
  });
}
