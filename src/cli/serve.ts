// `holdfast serve`: the service until Ctrl-C, and what it tells the person who started it.

import { loadConfig, loadSettings } from '../config.ts';
import { createLogger } from '../log.ts';
import { CommandError, printJson, printLine } from './output.ts';
import type { Role, Service } from './service.ts';
import { startService } from './service.ts';

export async function serve(options: { readonly role: Role; readonly json: boolean }): Promise<void> {
  const { role, json } = options;
  const settings = loadSettings();
  if (role !== 'all' && !settings.temporal.hasAddress) {
    throw new CommandError(`--role ${role} needs a Temporal server that others share: set TEMPORAL_ADDRESS.`);
  }
  const config = loadConfig({ path: settings.configPath ?? undefined });
  const report = json ? () => undefined : printLine;
  for (const line of config.description) report(line);

  const service = await startService({
    settings,
    config,
    role,
    logger: createLogger({ level: settings.logLevel, pretty: process.stderr.isTTY }),
    report,
  });
  if (json) printJson({ url: service.url, worker_url: service.workerUrl, temporal: service.temporal });
  else for (const line of welcome(service, Object.keys(config.catalog.models)[0])) printLine(line);

  try {
    await Promise.race([stopAsked(report), service.failed]);
  } finally {
    await service.stop();
  }
}

function welcome({ url, temporal }: Service, model: string | undefined): readonly string[] {
  if (url === null) return ['The worker is polling.'];
  const body = JSON.stringify({
    model: model ?? 'provider/model',
    messages: [{ role: 'user', content: 'Why does Temporal replay?' }],
  });
  return [
    `API:          ${url}   (pages: ${url}/docs)`,
    ...(temporal.uiUrl === null ? [] : [`Temporal UI:  ${temporal.uiUrl}`]),
    '',
    'Try it:',
    `curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`,
    '',
  ];
}

/** Settles at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
function stopAsked(report: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      report(
        'Stopping: calls in flight may end for up to 10 s. Press Ctrl-C again to stop at once; nothing accepted is lost.',
      );
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
