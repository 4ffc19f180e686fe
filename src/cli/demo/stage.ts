// What the demo plays on: simulated providers, Temporal server and API in this process, workers in their own.

import { mkdirSync, writeFileSync } from 'node:fs';
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
import { configFile } from './providers.ts';
import type { WorkerProcess } from './worker-process.ts';
import { spawnWorker } from './worker-process.ts';

export interface Stage {
  readonly url: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Of Temporal's web UI: in the demo, and where `npm start` would put it. */
  readonly uiPorts: { readonly here: number; readonly usual: number };
  readonly simulator: Simulator;
  /** Resolves when it polls. */
  startWorker(): Promise<WorkerProcess>;
  /** Ends everything, also what was still starting. */
  close(): Promise<void>;
}

export interface LocalModelReport {
  readonly served: ServedLocalModel | null;
  /** Why there is none, in one line. */
  readonly unavailable: string | null;
}

export async function openStage(localModel: ServedLocalModel | null, report: (line: string) => void): Promise<Stage> {
  const usual = loadSettings();
  const settings = demoSettings(usual);
  const configPath = join(settings.dataDir, 'holdfast.yaml');
  const simulator = await startSimulator({ firstTokenDelayMs: 300, tokenDelayMs: 5 });
  const closeProviders = async () => {
    await simulator.close();
    await localModel?.close();
  };
  const startApi = () => {
    mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
    writeFileSync(configPath, configFile(simulator, localModel?.baseUrl ?? null));
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

function portOf(url: string | null): number {
  return Number(new URL(url ?? 'http://127.0.0.1').port);
}

/** Null with the reason when there is none to be had: the demo goes on without it. */
export async function openLocalModel(report: (line: string) => void): Promise<LocalModelReport> {
  const files = await fetchLocalModel({ cacheDir: CACHE_DIR, report });
  if (files.type === 'unavailable') return { served: null, unavailable: files.reason };
  try {
    return { served: await startLocalModel(files), unavailable: null };
  } catch (error) {
    return { served: null, unavailable: `it does not run here (${(error as Error).message})` };
  }
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
