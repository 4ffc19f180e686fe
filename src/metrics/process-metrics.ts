// prom-client's metrics of this process: memory, CPU, event loop, garbage collection.

import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | null = null;

/**
 * One registry for all services of the process. Collecting starts a timer and an observer of garbage collections, which
 * prom-client cannot stop: started for each service, they would pile up. Neither keeps the process alive.
 */
export function processMetrics(): Registry {
  if (registry) return registry;
  registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
