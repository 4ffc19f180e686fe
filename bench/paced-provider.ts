// A provider that answers at the pace that the question asks for, in a process of its own: each token tells when it was
// sent. A token that is late does not make the next one late.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { machineMs, type Pace, paceIn, tokenText } from './paced.ts';

const server = createServer((request, response) => void answer(request, response));
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The provider has no port.');
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${address.port}` })}\n`);
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const arrivedAtMs = machineMs();
  const pace = paceIn(await text(request)) ?? { tokens: 1, everyMs: 0 };
  const model = request.url?.split('/', 2)[1] ?? '';
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'bench' });
  const chunk = chunkOf(model);
  const [before = '', after = ''] = chunk({ content: PLACE }, null).split(PLACE);
  await paced(pace, (index) => {
    const sentAtMs = machineMs();
    const token = tokenText({ index, sentAtMs, tookMs: sentAtMs - arrivedAtMs });
    response.write(before + token + after);
  });
  response.write(chunk({}, 'stop'));
  const usage = { prompt_tokens: 20, completion_tokens: pace.tokens, total_tokens: 20 + pace.tokens };
  response.write(event({ ...headOf(model), choices: [], usage }));
  response.end('data: [DONE]\n\n');
}

/** By the time at which each token is due. */
function paced({ tokens, everyMs }: Pace, send: (index: number) => void): Promise<void> {
  const beganAtMs = machineMs();
  return new Promise((resolve) => {
    let index = 0;
    const sendDue = (): void => {
      while (index < tokens && machineMs() >= beganAtMs + index * everyMs) send(index++);
      if (index === tokens) resolve();
      else setTimeout(sendDue, beganAtMs + index * everyMs - machineMs());
    };
    sendDue();
  });
}

const PLACE = 'the token';

function chunkOf(model: string) {
  return (delta: object, finishReason: string | null): string =>
    event({ ...headOf(model), choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] });
}

function headOf(model: string) {
  return {
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1_767_225_600,
    model,
    system_fingerprint: 'fp_bench',
  };
}

function event(fields: object): string {
  return `data: ${JSON.stringify(fields)}\n\n`;
}
