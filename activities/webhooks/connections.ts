// The connections to the receivers of webhooks. Who is connected to is decided on the very addresses that the connection
// is made with, so that a name that resolves to another address the second time gets nobody further. They go straight to
// the receiver: a proxy would resolve names by itself.

import { lookup as lookupByDns } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import { Agent } from 'undici';
import { isPublicAddress } from './public-address.ts';

/** Node's own lookup of all addresses of a name. */
export type Lookup = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export class PrivateAddressError extends Error {
  constructor() {
    super('The name of the receiver resolves to an address that is not public.');
    this.name = 'PrivateAddressError';
  }
}

export function createWebhookConnections(options: {
  readonly allowPrivate: boolean;
  /** @default that of the operating system */
  readonly lookup?: Lookup;
}): Dispatcher {
  const { allowPrivate, lookup = lookupByDns } = options;
  return new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS, lookup: allowPrivate ? lookupByDns : publicOnly(lookup) },
  });
}

const CONNECT_TIMEOUT_MS = 10_000;

/** Refuses a name as a whole: one private address among public ones is no mishap. */
function publicOnly(lookup: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) {
        callback(error ?? new Error('The name of the receiver has no address.'), []);
      } else if (!addresses.every(({ address }) => isPublicAddress(address))) {
        callback(new PrivateAddressError(), []);
      } else if (options.all) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}
