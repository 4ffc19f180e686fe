// The settings: what an operator sets in the environment, beside the configuration file. Reads no secret into a message.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadClientConfigProfile } from '@temporalio/envconfig';
import type { WantedPort } from '../ports.ts';
import type { ApiKey } from './api-keys.ts';
import { parseApiKeys } from './api-keys.ts';
import type { Problem } from './problem.ts';
import { ConfigError } from './problem.ts';

export interface Settings {
  /** The configuration file; null when there is none. @default ./holdfast.yaml if it exists */
  readonly configPath: string | null;
  /** @default 127.0.0.1 */
  readonly host: string;
  /** @default 8080 */
  readonly port: WantedPort;
  /** Absolute. @default ./.holdfast */
  readonly dataDir: string;
  /** Who may call; with nobody listed everybody is an operator. @default none */
  readonly apiKeys: readonly ApiKey[];
  /** Where workers and APIs in other processes reach this API, to pass tokens on. @default the address it listens on */
  readonly lineUrl: string | null;
  /** Of the service, for the commands that are its clients. @default the one that `serve` wrote down */
  readonly url: string | null;
  /** What these commands send. @default none */
  readonly apiKey: string | null;
  /** @default info */
  readonly logLevel: LogLevel;
  readonly temporal: {
    /** A Temporal server is set (`TEMPORAL_ADDRESS` or a profile), so none is embedded. */
    readonly hasAddress: boolean;
    /** Of the embedded server. @default 7233 */
    readonly port: WantedPort;
    /** Of its web UI. @default 8233 */
    readonly uiPort: WantedPort;
    /** A `temporal` executable to use. @default none */
    readonly executable: string | null;
    /** Where else one is looked for: the value of `PATH`. */
    readonly searchPath: string;
    /** Base of the links into Temporal's web UI. @default the embedded UI's */
    readonly uiUrl: string | null;
  };
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

/** Throws one `ConfigError` with every problem. A variable that is empty counts as not set. */
export function loadSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const problems: Problem[] = [];
  const fault = (variable: string, message: string) => problems.push({ path: variable, line: null, message });
  const text = (variable: string) => env[variable] || null;

  const port = (variable: string, usual: number): WantedPort => {
    const asked = text(variable);
    if (asked === null) return { wanted: usual, asked: false };
    if (!/^\d{1,5}$/.test(asked) || Number(asked) > 65_535) fault(variable, 'must be a port from 0 to 65535');
    return { wanted: Number(asked), asked: true };
  };

  const address = (variable: string): string | null => {
    const asked = text(variable);
    if (asked === null) return null;
    if (!URL.canParse(asked) || !/^https?:/.test(asked)) fault(variable, 'must be an http or https address');
    return asked.replace(/\/+$/, '');
  };

  const apiKeys = parseApiKeys(text('HOLDFAST_API_KEYS') ?? '');
  for (const message of apiKeys.faults) fault('HOLDFAST_API_KEYS', message);
  const host = text('HOLDFAST_HOST') ?? '127.0.0.1';
  const isOpen = apiKeys.keys.length === 0 && apiKeys.faults.length === 0;
  if (isOpen && !isLoopback(host)) fault('HOLDFAST_API_KEYS', KEYS_NEEDED);

  const logLevel = LOG_LEVELS.find((level) => level === (text('HOLDFAST_LOG_LEVEL') ?? 'info'));
  if (!logLevel) fault('HOLDFAST_LOG_LEVEL', `must be one of ${LOG_LEVELS.join(', ')}`);

  const settings: Settings = {
    configPath: text('HOLDFAST_CONFIG') ?? (existsSync(USUAL_CONFIG) ? USUAL_CONFIG : null),
    host,
    port: port('HOLDFAST_PORT', 8080),
    dataDir: resolve(text('HOLDFAST_DATA_DIR') ?? '.holdfast'),
    apiKeys: apiKeys.keys,
    lineUrl: address('HOLDFAST_LINE_URL'),
    url: address('HOLDFAST_URL'),
    apiKey: text('HOLDFAST_API_KEY'),
    logLevel: logLevel ?? 'info',
    temporal: {
      hasAddress: hasTemporalAddress(env, fault),
      port: port('HOLDFAST_TEMPORAL_PORT', 7233),
      uiPort: port('HOLDFAST_TEMPORAL_UI_PORT', 8233),
      executable: text('HOLDFAST_TEMPORAL_BIN'),
      searchPath: text('PATH') ?? '',
      uiUrl: address('HOLDFAST_TEMPORAL_UI_URL'),
    },
  };
  if (problems.length > 0) throw new ConfigError('the environment', problems);
  return settings;
}

const USUAL_CONFIG = 'holdfast.yaml';

const KEYS_NEEDED =
  'is needed when HOLDFAST_HOST is no loopback address: set it to name:sha256, the hash made by ' +
  'printf %s "$key" | sha256sum; add :operator behind the hash for a key that may see and steer everything';

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function hasTemporalAddress(env: NodeJS.ProcessEnv, fault: (variable: string, message: string) => void): boolean {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  try {
    return Boolean(loadClientConfigProfile({ overrideEnvVars }).address);
  } catch (error) {
    // The first line says what; the parser's others quote the file, which may hold a key.
    const [reason] = String(error).split('\n');
    fault('TEMPORAL_PROFILE', `Temporal's client configuration can't be read (${reason})`);
    return false;
  }
}
