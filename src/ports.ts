// Which port to listen on: the one that was asked for or nothing, but never a failure over a default.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { hasCode } from './processes.ts';

export interface WantedPort {
  /** 0: any free one. */
  readonly wanted: number;
  /** Somebody set it: then it is this one or an error. */
  readonly asked: boolean;
}

export interface ChosenPort {
  readonly port: number;
  /** The wanted port was taken, and was only a default. */
  readonly replaced: boolean;
}

export async function choosePort(
  input: WantedPort & {
    /** @default 127.0.0.1 */
    readonly host?: string;
    /** A port already promised to somebody else. */
    readonly except?: number;
  },
): Promise<ChosenPort> {
  const { wanted, asked, host = '127.0.0.1', except } = input;
  if (wanted === 0) return { port: await freePort(host, except), replaced: false };
  if (wanted !== except && (await isFree(host, wanted))) return { port: wanted, replaced: false };
  if (asked)
    throw new Error(`Port ${wanted} of ${host} is taken: free it, or ask for another one (0 = any free port).`);
  return { port: await freePort(host, except), replaced: true };
}

/** An address that listens everywhere, as other hosts of the network can reach it: by this host's first address there. */
export function addressForOthers(url: string): string {
  const address = new URL(url);
  if (!['0.0.0.0', '[::]'].includes(address.hostname)) return url;
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const outer = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  address.hostname = outer?.address ?? '127.0.0.1';
  return address.origin;
}

/**
 * Not the one that the system would give for 0: it hands the same ports to outgoing connections, and one of those could
 * take it before the caller listens, or while a server on it starts again. Below that range only listeners choose.
 */
async function freePort(host: string, except: number | undefined): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_FREE_PORT, FIRST_OUTGOING_PORT);
    if (port !== except && (await isFree(host, port))) return port;
  }
}

const FIRST_FREE_PORT = 20_000;
/** Of Linux; other systems begin higher. */
const FIRST_OUTGOING_PORT = 32_768;

/** Listens for a moment. */
function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (hasCode(error, 'EADDRINUSE')) resolve(false);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
