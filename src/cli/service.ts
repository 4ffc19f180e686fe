// Joins the parts into a running service, and takes them apart in the right order. The only place that knows them all.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { expectFaults } from '../../activities/expect/expect-faults.ts';
import { createActivities } from '../../activities/index.ts';
import { InFlightCalls } from '../../activities/in-flight.ts';
import { webhookUrlFault } from '../../activities/webhooks/url-fault.ts';
import type { Config, Settings } from '../config.ts';
import { approvalProblems, ConfigError } from '../config.ts';
import type { DataDirectory } from '../data-directory.ts';
import { openDataDirectory } from '../data-directory.ts';
import { pingCostLine } from '../domain/ping-cost.ts';
import type { Inferences } from '../domain/inferences.ts';
import type { Files } from '../domain/files.ts';
import { createAnalysisRecords } from '../files/analysis-records.ts';
import { createBatchRecords } from '../files/batch-records.ts';
import { createFiles } from '../files/files.ts';
import { readBatchLine, readPlannedLine } from '../http/batch-line.ts';
import type { HttpServer } from '../http/server.ts';
import { buildServer } from '../http/server.ts';
import { HedgeBudgets } from '../health/hedge-budgets.ts';
import { buildWorkerServer } from '../http/worker-server.ts';
import { createCallLines } from '../lines/call-lines.ts';
import { LineConnections } from '../lines/connection.ts';
import { createLines } from '../lines/held-lines.ts';
import { LineHub } from '../lines/hub.ts';
import { serveLines } from '../lines/line-server.ts';
import { addressForOthers, choosePort } from '../ports.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { directoryBlobStore } from '../storage/directory.ts';
import { createAnalyses } from '../temporal/analyses.ts';
import { createAnalysisSchedules } from '../temporal/analysis-schedules.ts';
import { createBatches } from '../temporal/batches.ts';
import { createInferences } from '../temporal/client.ts';
import type { TemporalConnection } from '../temporal/connect.ts';
import { connectToConfigured, connectToEmbedded } from '../temporal/connect.ts';
import type { EmbeddedServer } from '../temporal/embedded-server.ts';
import { startEmbeddedServer } from '../temporal/embedded-server.ts';
import { findExecutable } from '../temporal/executable.ts';
import { createParkedInferences } from '../temporal/parked-inferences.ts';
import { createDataConverter } from '../temporal/payloads.ts';
import { installRuntime } from '../temporal/runtime.ts';
import { checkSearchAttributes } from '../temporal/search-attributes.ts';
import type { InferenceWorker } from '../temporal/worker.ts';
import { startWorker } from '../temporal/worker.ts';
import { VERSION } from '../version.ts';
import { CleanUp } from './clean-up.ts';
import { withSimulators } from './with-simulators.ts';
import type { TargetHealth } from './target-health.ts';
import { createTargetHealth } from './target-health.ts';

export type Role = 'all' | 'api' | 'worker';

export interface ServiceOptions {
  readonly settings: Settings;
  readonly config: Config;
  readonly role: Role;
  readonly logger: Logger;
  /** Takes lines for the person who started it. */
  readonly report: (line: string) => void;
  /** How long calls in flight may go on when the service stops. @default 10000 */
  readonly shutdownGraceMs?: number;
}

export interface Service {
  /** Where the API listens; null for a worker. */
  readonly url: string | null;
  /** Where a process that is only a worker shows its state and metrics. */
  readonly workerUrl: string | null;
  readonly temporal: { readonly address: string | null; readonly namespace: string; readonly uiUrl: string | null };
  /** Rejects when the service can't go on. */
  readonly failed: Promise<never>;
  /** Stops answering, hands calls in flight back and ends what was started, in this order. */
  stop(): Promise<void>;
}

/** What is fetched once for all checkouts of a user. */
export const CACHE_DIR = join(homedir(), '.cache', 'holdfast');

/** The workflows as `npm run build` left them: beside the compiled sources, or under them when run from these. */
const WORKFLOW_BUNDLE = import.meta.url.endsWith('.ts')
  ? '../../dist/workflows.bundle.js'
  : '../../workflows.bundle.js';

export async function startService(options: ServiceOptions): Promise<Service> {
  const cleanUp = new CleanUp(options.logger);
  try {
    return await assemble(options, cleanUp);
  } catch (error) {
    await cleanUp.run();
    throw error;
  }
}

async function assemble(options: ServiceOptions, cleanUp: CleanUp): Promise<Service> {
  const { settings, role, logger } = options;
  // A worker takes no decisions of people, and need not know their keys.
  const problems = role === 'worker' ? [] : approvalProblems(options.config.catalog, settings.apiKeys);
  if (problems.length > 0) throw new ConfigError('the environment', problems);
  installRuntime(logger);
  const directory = openDataDirectory(settings.dataDir, { isShared: settings.temporal.hasAddress });
  cleanUp.add('data directory', () => directory.release());

  const embedded = settings.temporal.hasAddress ? null : await startTemporal(options);
  if (embedded) cleanUp.add('Temporal server', () => embedded.stop());
  const temporal = embedded ? await connectToEmbedded(embedded.address) : await connectToConfigured();
  cleanUp.add('connection', () => temporal.connection.close());
  if (!embedded) await checkSearchAttributes(temporal.connection, temporal.namespace);

  const blobs = directoryBlobStore(join(directory.path, 'blobs'));
  const dataConverter = createDataConverter({ blobs });
  const { config } = options;
  const targetHealth = createTargetHealth({ config, temporal, dataConverter, isWorker: role !== 'api', logger });
  const hub = role === 'worker' ? null : new LineHub();
  const parts: Parts = {
    temporal,
    inFlight: new InFlightCalls(),
    hub,
    connections: new LineConnections(logger),
    dataConverter,
    blobs,
    files: createFiles(blobs),
    uiUrl: settings.temporal.uiUrl ?? embedded?.uiUrl ?? null,
    targetHealth,
  };
  await targetHealth.link.start();
  cleanUp.add('health of targets', () => targetHealth.link.stop());
  const inferences: Inferences = createInferences({
    ...temporal,
    dataConverter,
    abortLocalCalls: (runId) => parts.inFlight.abort(runId),
    hasLocalWorker: () => worker?.isRunning() ?? null,
  });
  const worker = role === 'api' ? null : await runWorker(options, { ...parts, inferences }, cleanUp);
  const url = hub && (await listen(options, { ...parts, inferences }, { hub, directory, cleanUp }));
  const workerUrl = role === 'worker' ? await listenAsWorker(options, parts, { worker, cleanUp }) : null;
  return {
    url,
    workerUrl,
    temporal: { address: embedded?.address ?? null, namespace: temporal.namespace, uiUrl: parts.uiUrl },
    failed: failureOf(worker),
    stop: () => cleanUp.run(),
  };
}

interface Parts {
  readonly temporal: TemporalConnection;
  readonly inFlight: InFlightCalls;
  /** Of the clients that wait at this process; null: it is no API. */
  readonly hub: LineHub | null;
  readonly connections: LineConnections;
  readonly dataConverter: ReturnType<typeof createDataConverter>;
  readonly blobs: BlobStore;
  readonly files: Files;
  readonly uiUrl: string | null;
  readonly targetHealth: TargetHealth;
}

async function startTemporal({ settings, config, logger, report }: ServiceOptions): Promise<EmbeddedServer> {
  const { executable, port, uiPort } = settings.temporal;
  return startEmbeddedServer({
    executable: await findExecutable({
      explicitPath: executable ?? undefined,
      cacheDir: CACHE_DIR,
      pathVariable: settings.temporal.searchPath,
      report,
    }),
    dataDir: settings.dataDir,
    port,
    uiPort,
    retentionMs: config.retentionMs,
    log: logger,
    report,
  });
}

async function runWorker(
  options: ServiceOptions,
  parts: Parts & { readonly inferences: Inferences },
  cleanUp: CleanUp,
): Promise<InferenceWorker> {
  const { config, logger, report, shutdownGraceMs = 10_000 } = options;
  const { temporal, inFlight, hub, connections, dataConverter, blobs, files, inferences, targetHealth } = parts;
  const { health, queue, metrics, identity, observer } = targetHealth;
  const providers = await withSimulators(config.providers, cleanUp);
  report(pingCostLine({ targets: health.targets, checks: health.settings.checks }));
  const stopping = new AbortController();
  const worker = await startWorker({
    ...temporal,
    activities: createActivities({
      providers,
      inFlight,
      lines: createCallLines(hub, connections),
      hedgeBudgets: new HedgeBudgets(),
      logger,
      health,
      queue,
      metrics,
      parked: createParkedInferences(temporal),
      webhook: config.alerts.webhook,
      files,
      blobs,
      inferences,
      catalog: config.catalog,
      documentFolders: config.documentFolders,
      batchRecords: createBatchRecords(blobs),
      analysisRecords: createAnalysisRecords(blobs),
      readLine: readBatchLine,
      readPlannedLine,
      webhooks: config.webhooks,
      onWebhook: (outcome) => metrics.webhookAttempted({ outcome }),
      stopping: stopping.signal,
    }),
    identity,
    observer: { ...observer, callsAbandoned: (runId) => inFlight.abort(runId) },
    workflowBundle: { codePath: fileURLToPath(new URL(WORKFLOW_BUNDLE, import.meta.url)) },
    dataConverter,
    shutdownGraceMs,
  });
  cleanUp.add('worker', () => {
    stopping.abort();
    return worker.shutdown();
  });
  return worker;
}

async function listen(
  options: ServiceOptions,
  parts: Parts & { readonly inferences: Inferences },
  joined: { hub: LineHub; directory: DataDirectory; cleanUp: CleanUp },
): Promise<string> {
  const { settings, config, logger, report } = options;
  const { temporal, connections, dataConverter, blobs, files, inferences, uiUrl, targetHealth } = parts;
  const { hub, directory, cleanUp } = joined;
  const server: HttpServer = await buildServer({
    inferences,
    analyses: createAnalyses({ ...temporal, dataConverter, records: createAnalysisRecords(blobs) }),
    schedules: createAnalysisSchedules({ ...temporal, dataConverter }),
    batches: createBatches({ ...temporal, dataConverter, records: createBatchRecords(blobs) }),
    catalog: config.catalog,
    files,
    maxFileBytes: config.maxFileBytes,
    lines: createLines(hub, connections),
    targets: targetHealth.targets,
    admit: targetHealth.admit,
    expectFaults,
    webhookUrlFault: (webhookUrl) => webhookUrlFault(webhookUrl, config.webhooks),
    metrics: targetHealth.metrics,
    apiKeys: settings.apiKeys,
    bodyLimitBytes: config.bodyLimitBytes,
    // Fastify announces its address by itself; whoever started the service is told it in our words.
    logger: logger.child({ component: 'http' }, logger.level === 'info' ? { level: 'warn' } : {}),
    uiUrlOf: (id, runId) => uiUrl && `${uiUrl}/namespaces/${temporal.namespace}/workflows/${id}/${runId}/history`,
    version: VERSION,
  });
  const { port, replaced } = await choosePort({ ...settings.port, host: settings.host });
  if (replaced) report(`Port ${settings.port.wanted} is taken: the API listens on ${port}.`);
  const url = await server.app.listen({ host: settings.host, port });
  hub.url = settings.lineUrl ?? addressForOthers(url);
  const distantLines = serveLines(server.app.server, hub);
  cleanUp.add('API', async () => {
    server.beginShutdown();
    distantLines.close();
    await server.app.close();
  });
  directory.writeAddress(url);
  return url;
}

/** What a process that is only a worker shows of itself. Its port is nobody's address: a taken one is replaced. */
async function listenAsWorker(
  { settings, logger, report }: ServiceOptions,
  { targetHealth }: Parts,
  joined: { readonly worker: InferenceWorker | null; readonly cleanUp: CleanUp },
): Promise<string> {
  const { worker, cleanUp } = joined;
  const app = await buildWorkerServer({
    metrics: targetHealth.metrics,
    logger: logger.child({ component: 'http' }, logger.level === 'info' ? { level: 'warn' } : {}),
    version: VERSION,
    notReadyReason: async () => (worker?.isRunning() ? null : 'the worker is not polling'),
  });
  const { port } = await choosePort({ ...settings.port, asked: false, host: settings.host });
  const url = await app.listen({ host: settings.host, port });
  cleanUp.add('state of the worker', () => app.close());
  report(`Metrics:      ${url}/metrics`);
  return url;
}

function failureOf(worker: InferenceWorker | null): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    worker?.stopped.catch(reject);
  });
  // Whoever does not watch it learns of it otherwise: nothing polls any more, and /readyz says so.
  failed.catch(() => undefined);
  return failed;
}
