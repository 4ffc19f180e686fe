// Requests that offer to go on in another protocol, as some HTTP clients do with each first one (`Upgrade: h2c`). Once
// anybody takes upgrades Node hands all of them over, and an offer that is not taken up is a request like any other.

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Gives the connection back as it came, without the offer. */
export function serveWithoutUpgrade(
  server: Server,
  offer: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
): void {
  const { request, socket, head } = offer;
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (!OFFER.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[index + 1] ?? ''}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

/** `connection` names the others; without it a connection is kept, as HTTP/1.1 has it. */
const OFFER: ReadonlySet<string> = new Set(['connection', 'upgrade', 'http2-settings']);
