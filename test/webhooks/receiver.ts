// Somebody who receives webhooks, over real HTTP: keeps what arrives, and answers as the test says.

import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes 456').toString('base64')}`;

export interface Delivery {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly atMs: number;
}

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly deliveries: Delivery[];
  /** The next answers, in turn; `none`: the connection stays open without one. When there is none left, 204. */
  readonly answers: (Answer | 'none')[];
  stop(): void;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function startReceiver(): Promise<Receiver> {
  const deliveries: Delivery[] = [];
  const answers: Receiver['answers'] = [];
  const server = createServer((request, response) => {
    let text = '';
    request
      .on('data', (chunk) => (text += chunk))
      .on('end', () => {
        deliveries.push({ path: request.url ?? '', headers: request.headers, text, atMs: Date.now() });
        const { status, headers } = nextOf(answers);
        if (status !== 0) response.writeHead(status, headers).end();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    deliveries,
    answers,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function nextOf(answers: Receiver['answers']): Answer {
  const next = answers.shift() ?? { status: 204 };
  return next === 'none' ? { status: 0 } : next;
}

/** What a delivery says, once the library has found its signature right; throws otherwise. */
export function verified({ headers, text }: Delivery, secret = SECRET): unknown {
  const texts = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return new Webhook(secret).verify(text, Object.fromEntries(texts));
}
