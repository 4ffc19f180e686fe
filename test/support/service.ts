// The whole service for tests: real HTTP, real Temporal server, real worker; its providers are the simulator's.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import type { Role, Service } from '../../src/cli/service.ts';
import { startService } from '../../src/cli/service.ts';
import { loadConfig, loadSettings } from '../../src/config.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { directoryBlobStore } from '../../src/storage/directory.ts';
import { createDataConverter } from '../../src/temporal/payloads.ts';
import { temporalExecutable } from './temporal-executable.ts';

export interface TestServiceOptions {
  /** The configuration file as data. @default `threeProviders` */
  readonly config?: (simulator: Simulator) => object;
  readonly simulator?: SimulatorOptions;
  /** Added to the settings, by variable. */
  readonly env?: Readonly<Record<string, string>>;
  readonly role?: Role;
  readonly shutdownGraceMs?: number;
}

export interface TestService {
  readonly url: string;
  readonly simulator: Simulator;
  readonly service: Service;
  /** A Temporal client of the test's own, that reads payloads as the service does. */
  readonly temporal: Client;
  readonly temporalAddress: string;
  readonly dataDir: string;
  /** The settings that another process needs to join this service. */
  readonly env: Readonly<Record<string, string>>;
  /** Forgets the simulator's rules and requests, and what they have done to the targets. */
  clear(headers?: Readonly<Record<string, string>>): Promise<void>;
  /** A request with a JSON body, and the answer as parsed JSON. */
  request(path: string, request?: TestRequest): Promise<TestAnswer>;
  stop(): Promise<void>;
}

export interface TestRequest {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
}

/** Three providers of different wires, and chains of them whose timeouts suit a test. */
export function threeProviders(simulator: Simulator): object {
  return {
    providers: {
      one: { type: 'openai', apiKey: 'test-key-one', baseUrl: simulator.baseUrl('one', 'openai') },
      two: { type: 'anthropic', apiKey: 'test-key-two', baseUrl: simulator.baseUrl('two', 'anthropic') },
      three: { type: 'google', apiKey: 'test-key-three', baseUrl: simulator.baseUrl('three', 'google') },
    },
    targets: { 'one/m1': { price: { input: 1, output: 2 } } },
    models: {
      chain: { targets: ['one/m1', 'two/m2', 'three/m3'] },
      pair: { targets: ['one/m1', 'two/m2'], maxAttemptsPerTarget: 1 },
      single: { targets: ['one/m1'], maxAttemptsPerTarget: 1 },
      impatient: {
        targets: ['one/m1', 'two/m2'],
        maxAttemptsPerTarget: 1,
        firstTokenTimeout: '400ms',
        stallTimeout: '400ms',
        attemptTimeout: '2s',
      },
    },
  };
}

/**
 * Tests of one service follow each other within seconds, and what one has done to a provider must not decide the next:
 * no pings, no circuit that opens by counting, no ranking by what was; `clear` restores the rest. Tests about health say
 * what they want instead.
 */
const FORGETFUL = {
  healthChecks: { enabled: false },
  breaker: { minimumCalls: 1_000_000 },
  score: { minimumSuccess: 0, minimumQuality: 0 },
};

export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const { config = threeProviders, env: extra = {}, role = 'all', shutdownGraceMs = 2_000 } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-'));
  const simulator = await startSimulator(options.simulator);
  const configPath = join(dataDir, 'holdfast.yaml');
  await writeFile(configPath, JSON.stringify({ ...FORGETFUL, ...config(simulator) }));
  const env = {
    HOLDFAST_CONFIG: configPath,
    HOLDFAST_DATA_DIR: dataDir,
    HOLDFAST_PORT: '0',
    HOLDFAST_TEMPORAL_PORT: '0',
    HOLDFAST_TEMPORAL_UI_PORT: '0',
    HOLDFAST_TEMPORAL_BIN: await temporalExecutable(),
    HOLDFAST_LOG_LEVEL: 'silent',
    ...extra,
  };
  const settings = loadSettings(env);
  const service = await startService({
    settings,
    config: loadConfig({ path: configPath, env }),
    role,
    logger: pino({ level: settings.logLevel }),
    report: () => undefined,
    shutdownGraceMs,
  });
  const temporalAddress = service.temporal.address ?? extra['TEMPORAL_ADDRESS'] ?? '';
  const connection = await NativeConnection.connect({ address: temporalAddress });
  const dataConverter = createDataConverter({ blobs: directoryBlobStore(join(dataDir, 'blobs')) });
  const url = service.url ?? '';
  return {
    url,
    simulator,
    service,
    temporal: new Client({ connection, dataConverter }),
    temporalAddress,
    dataDir,
    env: { ...env, TEMPORAL_ADDRESS: temporalAddress },
    request: (path, request = {}) => send(url + path, request),
    async clear(headers = {}) {
      simulator.clear();
      const { body } = await send(`${url}/v1/targets`, { headers });
      for (const { id, health } of body.data) {
        if (health === 'out') await send(`${url}/v1/targets/${id}/restore`, { method: 'POST', headers });
      }
    },
    async stop() {
      await connection.close();
      await service.stop();
      await simulator.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export async function send(address: string, request: TestRequest): Promise<TestAnswer> {
  const { body, headers, signal, method = body === undefined ? 'GET' : 'POST' } = request;
  const response = await fetch(address, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not every page is JSON; the test sees what came.
    return text;
  }
}

/** A chat completion's body with one user message. */
export function chat(model: string, text = 'Say something short. It is a test.'): Record<string, unknown> {
  return { model, messages: [{ role: 'user', content: text }] };
}
