// The `fetch` of batches, over the connections that single calls use too.

import type { Dispatcher } from 'undici';

/**
 * The runtime's own `fetch`, and not undici's: the SDKs make forms and requests of the runtime's classes, which undici's
 * does not know (it sends the text `[object FormData]`).
 */
export function fetchOver(connections: Dispatcher): typeof globalThis.fetch {
  return (input, init) => {
    const options: object = { ...init, dispatcher: connections };
    return globalThis.fetch(input, options);
  };
}
