// The load balancer in front of several APIs: each connection goes to the next one. Knows nothing of HTTP.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

export interface RoundRobin {
  readonly url: string;
  close(): Promise<void>;
}

export async function startRoundRobin(backends: readonly string[]): Promise<RoundRobin> {
  let count = 0;
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    const { hostname, port } = new URL(backends[count++ % backends.length] ?? '');
    const backend = connect(Number(port), hostname);
    client.pipe(backend).pipe(client);
    // What happens to one side happens to the other.
    client
      .on('error', () => backend.destroy())
      .on('close', () => {
        clients.delete(client);
        backend.destroy();
      });
    backend.on('error', () => client.resetAndDestroy()).on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.close();
      // Clients keep their connections for the next request.
      for (const client of clients) client.destroy();
      await once(server, 'close');
    },
  };
}
