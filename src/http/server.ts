// Builds the HTTP server from injected parts; never listens, and knows nothing of Temporal.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import multipart from '@fastify/multipart';
import type { FastifyBaseLogger } from 'fastify';
import { fastify, LogController } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Analyses, AnalysisSchedules } from '../domain/analyses.ts';
import type { Batches } from '../domain/batches.ts';
import type { Catalog } from '../domain/catalog.ts';
import type { Admit } from '../domain/admission.ts';
import type { Files } from '../domain/files.ts';
import type { Inferences } from '../domain/inferences.ts';
import type { Lines } from '../domain/line.ts';
import type { Targets } from '../domain/targets.ts';
import { registerApiDocs } from './api-docs.ts';
import type { ApiKey } from './auth.ts';
import { createAuthenticator } from './auth.ts';
import { handleClientError, handleError, handleUnknownRoute } from './error-handler.ts';
import type { ExpectFaults } from './expect-faults.ts';
import type { App, HttpContext } from './http-context.ts';
import type { UiUrlOf } from './inference-object.ts';
import { registerAnalyses } from './routes/analyses.ts';
import { registerAnalysisSchedules } from './routes/analysis-schedules.ts';
import { registerBatches } from './routes/batches.ts';
import { registerChatCompletions } from './routes/chat-completions.ts';
import { registerEmbeddings } from './routes/embeddings.ts';
import { registerFiles } from './routes/files.ts';
import { registerHealth } from './routes/health.ts';
import { registerInferenceList } from './routes/inference-list.ts';
import { registerInferences } from './routes/inferences.ts';
import type { MetricsText } from './routes/metrics.ts';
import { registerMetrics } from './routes/metrics.ts';
import { registerModels } from './routes/models.ts';
import { registerResponses } from './routes/responses.ts';
import { registerTargets } from './routes/targets.ts';
import { validatorCompiler } from './validation.ts';
import { Waiting } from './waiting.ts';

export interface ServerDependencies {
  readonly inferences: Inferences;
  readonly batches: Batches;
  readonly analyses: Analyses;
  readonly schedules: AnalysisSchedules;
  readonly catalog: Catalog;
  readonly files: Files;
  readonly maxFileBytes: number;
  readonly lines: Lines;
  readonly targets: Targets;
  readonly admit: Admit;
  readonly expectFaults: ExpectFaults;
  readonly webhookUrlFault: HttpContext['webhookUrlFault'];
  /** None: no authentication, and every caller is an operator. */
  readonly apiKeys: readonly ApiKey[];
  readonly bodyLimitBytes: number;
  readonly logger: FastifyBaseLogger;
  /** The address of a run in Temporal's web UI, or null when there is none. */
  readonly uiUrlOf: UiUrlOf;
  readonly version: string;
  readonly metrics: MetricsText;
  /** @default Date.now */
  readonly now?: () => number;
}

export interface HttpServer {
  readonly app: App;
  /**
   * Lets all go who wait, and starts nothing more; to be called before `app.close()`. From then on a disconnect cancels
   * nothing: the inferences go on without this process.
   */
  readonly beginShutdown: () => void;
}

export async function buildServer(dependencies: ServerDependencies): Promise<HttpServer> {
  const {
    inferences,
    batches,
    analyses,
    schedules,
    catalog,
    files,
    maxFileBytes,
    lines,
    targets,
    admit,
    expectFaults,
    webhookUrlFault,
    apiKeys,
    uiUrlOf,
    version,
    metrics,
    now = Date.now,
  } = dependencies;
  const waiting = new Waiting();
  const context = {
    inferences,
    batches,
    analyses,
    schedules,
    catalog,
    files,
    maxFileBytes,
    lines,
    targets,
    admit,
    expectFaults,
    webhookUrlFault,
    apiKeys,
    waiting,
    uiUrlOf,
    now,
  };
  const app = createApp(dependencies);
  logResponses(app);
  endConnectionsOnShutdown(app, waiting);
  app.decorateRequest('caller');
  app.decorateRequest('inferenceId', null);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });

  await app.register(multipart);
  await registerApiDocs(app, { version });
  registerHealth(app, {
    version,
    notReadyReason: async () =>
      waiting.isShuttingDown ? 'the service is shutting down' : await inferences.notReadyReason(),
  });
  registerMetrics(app, metrics);
  await app.register(
    (v1, _options, done) => {
      const authenticate = createAuthenticator(apiKeys);
      v1.addHook('onRequest', (request, _reply, next) => {
        request.caller = authenticate(request);
        next();
      });
      registerChatCompletions(v1, context);
      registerEmbeddings(v1, context);
      registerResponses(v1, context);
      registerInferences(v1, context);
      registerFiles(v1, context);
      registerInferenceList(v1, context);
      registerBatches(v1, context);
      registerAnalyses(v1, context);
      registerAnalysisSchedules(v1, context);
      registerModels(v1, context);
      registerTargets(v1, context);
      done();
    },
    { prefix: '/v1' },
  );
  await app.ready();
  return { app, beginShutdown: () => waiting.beginShutdown() };
}

function createApp({ logger, bodyLimitBytes }: ServerDependencies): App {
  const app = fastify({
    loggerInstance: logger,
    // Our own line per response says more; a logger of its own for each request would be work for nothing.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (parent) => parent,
    requestIdHeader: false,
    genReqId: requestIdOf,
    bodyLimit: bodyLimitBytes,
    // Node's limit for receiving a request, not for answering it: an answer may take as long as its deadline.
    requestTimeout: 300_000,
    // No limit for a silent connection either, for the same reason; a dead peer is found by TCP's own probes.
    connectionTimeout: 0,
    http: { keepAlive: true, keepAliveInitialDelay: 30_000 },
    // Longer than a load balancer keeps idle connections (60 s), so that it never meets one that is being closed.
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    // Our own 503 has the right shape.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 1_024 },
    frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
    clientErrorHandler: handleClientError,
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  // The response schemas are for types and documents: what we built ourselves is not parsed again on its way out.
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(handleUnknownRoute);
  app.removeAllContentTypeParsers();
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    // Some clients say JSON and send nothing, as for a cancel; where a body is needed, its schema says so.
    if (body === '') done(null, undefined);
    else void parseJson(request, body, done);
  });
  return app;
}

/**
 * Node ends the connections that are idle when the server is closed. One that is answered later, or has never been used
 * (pools open them ahead), would hold up the shutdown for as long as its client keeps it.
 */
function endConnectionsOnShutdown(app: App, waiting: Waiting): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (waiting.isShuttingDown) reply.header('connection', 'close');
    done();
  });
  app.addHook('preClose', (done) => {
    setTimeout(() => app.server.closeAllConnections(), LINGER_MS).unref();
    done();
  });
}

/** Longer than a round trip to Temporal may take, so that a start under way is still answered. */
const LINGER_MS = 2_500;

function logResponses(app: App): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply;
    const line = {
      requestId: request.id,
      method: request.method,
      // The pattern, never the address: what a client puts into a query is its own business.
      route: request.routeOptions.url ?? null,
      status: statusCode,
      durationMs: Math.round(reply.elapsedTime),
      ...(request.inferenceId && { inferenceId: request.inferenceId }),
    };
    if (statusCode >= 500) app.log.warn(line, 'request failed');
    else app.log.debug(line, 'request answered');
    done();
  });
}

function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given) ? given : randomUUID();
}
