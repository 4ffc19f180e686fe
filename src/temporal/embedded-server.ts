// The Temporal server inside the service: started with it, started again when it dies, stopped with it.
// Must not know what runs on it.

import { setTimeout } from 'node:timers/promises';
import type { WantedPort } from '../ports.ts';
import { choosePort } from '../ports.ts';
import { serverArguments } from './embedded-server-arguments.ts';
import { prepareDatabase } from './embedded-server-database.ts';
import type { ServerLog } from './embedded-server-log.ts';
import { forwardLine } from './embedded-server-log.ts';
import type { ServerProcess } from './embedded-server-process.ts';
import { endLeftOverServer, spawnServer } from './embedded-server-process.ts';
import { EMBEDDED_NAMESPACE, setUpNamespace, waitUntilServing } from './embedded-server-setup.ts';

export interface EmbeddedServerOptions {
  /** A Temporal CLI, as `findExecutable` returns it. */
  readonly executable: string;
  /** Locked by this process. */
  readonly dataDir: string;
  readonly port: WantedPort;
  readonly uiPort: WantedPort;
  /** How long the histories of finished workflows are kept; the server takes no less than an hour. */
  readonly retentionMs: number;
  readonly log: ServerLog;
  /** Takes lines for the person who started the service. */
  readonly report: (line: string) => void;
}

export interface EmbeddedServer {
  /** `host:port` for Temporal clients; stays the same when the server is started again. */
  readonly address: string;
  readonly namespace: string;
  /** Base of the web UI. */
  readonly uiUrl: string;
  /** Of the server process; null while there is none. */
  pid(): number | null;
  stop(): Promise<void>;
}

export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { dataDir, report } = options;
  // Before the ports are chosen: it may still hold the usual ones.
  await endLeftOverServer(dataDir, report);
  const { port, uiPort } = await choosePorts(options);
  const address = `127.0.0.1:${port}`;
  const database = await prepareDatabase(dataDir);
  const keeper = new ServerKeeper(options, {
    address,
    arguments: serverArguments({ databaseFile: database.file, port, uiPort }),
  });
  await keeper.start();
  await database.markComplete();
  return {
    address,
    namespace: EMBEDDED_NAMESPACE,
    uiUrl: `http://127.0.0.1:${uiPort}`,
    pid: () => keeper.pid(),
    stop: () => keeper.stop(),
  };
}

const SERVING_LIMIT_MS = 60_000;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;
/** A server that ran this long had started well: the pauses begin anew. */
const STEADY_AFTER_MS = 30_000;

async function choosePorts(options: EmbeddedServerOptions): Promise<{ port: number; uiPort: number }> {
  const main = await choosePort(options.port);
  const ui = await choosePort({ ...options.uiPort, except: main.port });
  if (main.replaced) options.report(`Port ${options.port.wanted} is taken: Temporal listens on ${main.port}.`);
  if (ui.replaced) options.report(`Port ${options.uiPort.wanted} is taken: Temporal's web UI is on ${ui.port}.`);
  return { port: main.port, uiPort: ui.port };
}

/** Holds one server process at a time, from `start` to `stop`. */
class ServerKeeper {
  readonly #options: EmbeddedServerOptions;
  readonly #server: { readonly address: string; readonly arguments: readonly string[] };
  readonly #stopping = new AbortController();
  #current: ServerProcess | null = null;
  #keeping: Promise<void> = Promise.resolve();

  constructor(
    options: EmbeddedServerOptions,
    server: { readonly address: string; readonly arguments: readonly string[] },
  ) {
    this.#options = options;
    this.#server = server;
  }

  pid(): number | null {
    return this.#current?.hasEnded() === false ? this.#current.pid : null;
  }

  /** The first start fails loudly; later ones are tried until they succeed. */
  async start(): Promise<void> {
    try {
      this.#keeping = this.#keep(await this.#launch());
    } catch (error) {
      throw new Error(`The Temporal server did not start: ${messageOf(error)}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#current?.stop();
    await this.#keeping;
  }

  async #keep(first: ServerProcess): Promise<void> {
    let server: ServerProcess | null = first;
    let pauseMs = FIRST_PAUSE_MS;
    while (server !== null) {
      const startedAt = Date.now();
      const end = await server.ended;
      if (this.#isStopping()) return;
      if (Date.now() - startedAt > STEADY_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
      this.#options.report(`The Temporal server died (${end}): starting it again in ${pauseMs} ms.`);
      server = null;
      while (server === null && (await this.#pause(pauseMs))) {
        pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
        server = await this.#relaunch();
      }
    }
  }

  /** False when it was cut short because the server is to be stopped. */
  async #pause(pauseMs: number): Promise<boolean> {
    await setTimeout(pauseMs, null, { signal: this.#stopping.signal }).catch(ignoreAbort);
    return !this.#isStopping();
  }

  async #relaunch(): Promise<ServerProcess | null> {
    try {
      const server = await this.#launch();
      this.#options.report('The Temporal server is back.');
      return server;
    } catch (error) {
      if (!this.#isStopping()) this.#options.report(`The Temporal server did not come back: ${messageOf(error)}`);
      return null;
    }
  }

  async #launch(): Promise<ServerProcess> {
    const server = await this.#spawn();
    try {
      await this.#makeReady(server);
      return server;
    } catch (error) {
      await server.stop();
      throw new Error(server.lastLines().slice(-3).join('\n') || messageOf(error), { cause: error });
    }
  }

  async #spawn(): Promise<ServerProcess> {
    const { executable, dataDir, log } = this.#options;
    const onLine = (line: string) => forwardLine({ line, log, isStopping: this.#isStopping() });
    this.#current = await spawnServer({ executable, dataDir, arguments: this.#server.arguments, onLine });
    // Stopped while it was being spawned: `stop` has not seen this one.
    if (this.#isStopping()) await this.#current.stop();
    return this.#current;
  }

  async #makeReady(server: ServerProcess): Promise<void> {
    const connection = await waitUntilServing({
      address: this.#server.address,
      limitMs: SERVING_LIMIT_MS,
      isHopeless: () => server.hasEnded(),
    });
    try {
      await setUpNamespace(connection, this.#options.retentionMs);
    } finally {
      await connection.close();
    }
    if (server.hasEnded()) throw new Error('it ended while it was set up');
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}
