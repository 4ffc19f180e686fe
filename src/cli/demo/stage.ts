// What the demo plays on: simulated providers, Temporal server and API in this process, workers in their own.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../config.ts';
import { loadConfig, loadSettings } from '../../config.ts';
import { fetchLocalModel } from '../../local-model/fetch-local-model.ts';
import type { ServedLocalModel } from '../../local-model/serve-local-model.ts';
import { startLocalModel } from '../../local-model/serve-local-model.ts';
import { createLogger } from '../../log.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import { CACHE_DIR, startService } from '../service.ts';
import { configFile, TARGETS } from './providers.ts';
import type { WorkerProcess } from './worker-process.ts';
import { spawnWorker } from './worker-process.ts';

export interface Stage {
  readonly url: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Of Temporal's web UI: in the demo, and where `npm start` would put it. */
  readonly uiPorts: { readonly here: number; readonly usual: number };
  readonly simulator: Simulator;
  /** Null when none was wanted. */
  readonly localModel: { readonly isServed: boolean; readonly unavailable: string | null } | null;
  /** Resolves when it polls. */
  startWorker(): Promise<WorkerProcess>;
  /** Ends everything, also a worker that is still starting. */
  close(): Promise<void>;
}

export async function openStage(options: {
  readonly wantsLocalModel: boolean;
  /** Takes lines for the person who watches. */
  readonly report: (line: string) => void;
}): Promise<Stage> {
  const { wantsLocalModel, report } = options;
  const usual = loadSettings();
  const settings = demoSettings(usual);
  const localModel = wantsLocalModel ? await openLocalModel(report) : null;
  const simulator = await startSimulator({ firstTokenDelayMs: 300, tokenDelayMs: 5 });
  // Not in the data directory: that may be another demo's, which shows only when the service starts.
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const configPath = join(folder, 'holdfast.yaml');
  const closeProviders = async () => {
    await simulator.close();
    await localModel?.served?.close();
  };
  const startApi = async () => {
    writeFileSync(configPath, configFile(simulator, localModel?.served?.baseUrl ?? null));
    return startService({
      settings,
      config: loadConfig({ path: configPath }),
      role: 'api',
      // What goes wrong is the story, and is told as such.
      logger: createLogger({ level: 'silent', pretty: false }),
      report,
    });
  };
  const service = await startApi().catch(async (error: unknown) => {
    await closeProviders();
    throw error;
  });
  const workers: WorkerProcess[] = [];
  return {
    url: service.url ?? '',
    dataDir: settings.dataDir,
    uiPorts: { here: portOf(service.temporal.uiUrl), usual: usual.temporal.uiPort.wanted },
    simulator,
    localModel: localModel && { isServed: localModel.served !== null, unavailable: localModel.unavailable },
    async startWorker() {
      const temporalAddress = service.temporal.address ?? '';
      const { worker, started } = spawnWorker({ temporalAddress, configPath, dataDir: settings.dataDir });
      workers.push(worker);
      await started;
      return worker;
    },
    async close() {
      for (const worker of workers) await worker.kill();
      await service.stop();
      await closeProviders();
    },
  };
}

interface LocalModelAttempt {
  readonly served: ServedLocalModel | null;
  /** Why there is none, in one line. */
  readonly unavailable: string | null;
}

/** Without one the demo goes on, and says so. */
async function openLocalModel(report: (line: string) => void): Promise<LocalModelAttempt> {
  const attempt = await startFetchedModel(report);
  if (attempt.served) report(`a real model runs on this machine's processor: ${TARGETS.local}`);
  else report(`no local model: ${attempt.unavailable}; the demo goes on without it`);
  return attempt;
}

async function startFetchedModel(report: (line: string) => void): Promise<LocalModelAttempt> {
  const files = await fetchLocalModel({ cacheDir: CACHE_DIR, report });
  if (files.type === 'unavailable') return { served: null, unavailable: files.reason };
  try {
    return { served: await startLocalModel(files), unavailable: null };
  } catch (error) {
    return { served: null, unavailable: `it does not run here (${(error as Error).message})` };
  }
}

function portOf(url: string | null): number {
  return Number(new URL(url ?? 'http://127.0.0.1').port);
}

/** Beside a running service, not instead of it: a data directory and a Temporal server of its own, and free ports. */
function demoSettings(usual: Settings): Settings {
  const { temporal, port } = usual;
  return {
    ...usual,
    host: '127.0.0.1',
    port: { ...port, asked: false },
    dataDir: join(usual.dataDir, 'demo'),
    apiKeys: [],
    temporal: {
      ...temporal,
      hasAddress: false,
      port: { ...temporal.port, asked: false },
      uiPort: { ...temporal.uiPort, asked: false },
      uiUrl: null,
    },
  };
}
