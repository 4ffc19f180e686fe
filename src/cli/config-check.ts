// `holdfast config check`: reads the configuration as `serve` would, and prints every problem or what it amounts to.

import type { Config } from '../config.ts';
import { checkConfig, formatProblem, loadConfig, loadSettings } from '../config.ts';
import { targetName } from '../domain/target.ts';
import { CommandError, printJson, printLine, table } from './output.ts';

export async function configCheck(file: string | undefined, options: { readonly json: boolean }): Promise<void> {
  const path = file ?? loadSettings().configPath ?? undefined;
  const source = path ?? 'the environment';
  const problems = checkConfig({ path });
  if (problems.length > 0) {
    if (options.json) printJson({ ok: false, source, problems });
    else for (const problem of problems) printLine(formatProblem(source, problem));
    throw new CommandError(`${source} has ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}.`);
  }
  const config = loadConfig({ path });
  const models = chains(config);
  if (options.json) {
    printJson({ ok: true, source, models });
    return;
  }
  for (const line of config.description) printLine(line);
  if (models.length === 0) return;
  printLine(
    table([['MODEL', 'STRATEGY', 'TARGETS'], ...models.map((m) => [m.model, m.strategy, m.targets.join(', ')])]),
  );
}

function chains(config: Config) {
  return Object.entries(config.catalog.models).map(([model, { settings }]) => ({
    model,
    strategy: settings.strategy,
    targets: settings.targets.map(targetName),
  }));
}
