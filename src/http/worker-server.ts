// Builds the HTTP server of a process that only works: its health and its metrics, no API. Never listens.

import type { FastifyBaseLogger } from 'fastify';
import { fastify, LogController } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { handleClientError, handleError } from './error-handler.ts';
import { ApiError } from './errors.ts';
import type { App } from './http-context.ts';
import type { HealthDependencies } from './routes/health.ts';
import { registerHealth } from './routes/health.ts';
import type { MetricsText } from './routes/metrics.ts';
import { registerMetrics } from './routes/metrics.ts';

export interface WorkerServerDependencies extends HealthDependencies {
  readonly metrics: MetricsText;
  readonly logger: FastifyBaseLogger;
}

export async function buildWorkerServer(dependencies: WorkerServerDependencies): Promise<App> {
  const app = fastify({
    loggerInstance: dependencies.logger,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (parent) => parent,
    return503OnClosing: false,
    // Nothing here is worth a wait when the process stops.
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
    clientErrorHandler: handleClientError,
  }).withTypeProvider<ZodTypeProvider>();
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(() => {
    const message = 'This process is a worker: it answers GET /healthz, /readyz and /metrics only.';
    throw new ApiError({ code: 'route_not_found', message });
  });
  registerHealth(app, dependencies);
  registerMetrics(app, dependencies.metrics);
  await app.ready();
  return app;
}
