// Temporal's native runtime: one per process, installed before the first connection. Routes its logs into ours.

import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { LogLevel } from '@temporalio/common';
import type { Logger } from 'pino';

let isInstalled = false;

/** Does nothing the second time: a process has one runtime, and tests start several services in one process. */
export function installRuntime(logger: Logger): void {
  if (isInstalled) return;
  isInstalled = true;
  const temporalLogger = logger.child({ component: 'temporal-sdk' });
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      temporalLogger[PINO_LEVELS[level]](meta ?? {}, message);
    }),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} } },
    // The service drains by itself, in order: HTTP first, then the worker, then the embedded server.
    shutdownSignals: [],
  });
}

/** The SDK reports routine things (a workflow failed, a worker started) as INFO; ours are the service's own. */
const PINO_LEVELS: Readonly<Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
};
