// The same service once more, on the data directory of one that was stopped; its simulator has gone on meanwhile.

import { pino } from 'pino';
import type { Service } from '../../src/cli/service.ts';
import { startService } from '../../src/cli/service.ts';
import { loadConfig, loadSettings } from '../../src/config.ts';
import type { TestService } from '../support/service.ts';

export async function startAgain(stopped: TestService): Promise<Service> {
  // With an address set, it would take the Temporal server for somebody else's.
  const env = Object.fromEntries(Object.entries(stopped.env).filter(([name]) => name !== 'TEMPORAL_ADDRESS'));
  const settings = loadSettings(env);
  return startService({
    settings,
    config: loadConfig({ path: settings.configPath ?? '', env }),
    role: 'all',
    logger: pino({ level: 'silent' }),
    report: () => undefined,
    shutdownGraceMs: 2_000,
  });
}
