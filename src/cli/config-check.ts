// `holdfast config check`: reads the configuration as `serve` would, and prints every problem or what it amounts to.

import type { Config } from '../config.ts';
import { checkConfig, formatProblem, loadConfig, loadSettings, priceListName } from '../config.ts';
import { allTargets } from '../domain/catalog.ts';
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
  const prices = pricesOf(config);
  if (options.json) {
    printJson({ ok: true, source, models, prices });
    return;
  }
  for (const line of config.description) printLine(line);
  if (models.length > 0) {
    printLine(
      table([['MODEL', 'STRATEGY', 'TARGETS'], ...models.map((m) => [m.model, m.strategy, m.targets.join(', ')])]),
    );
  }
  if (prices.length > 0) printLine(table([PRICE_HEADING, ...prices.map(priceRow)]));
}

const PRICE_HEADING = ['TARGET', 'USD PER MILLION TOKENS IN', 'OUT', 'IN BATCHES', 'BY'];

function priceRow({ target, price, source }: ReturnType<typeof pricesOf>[number]): readonly string[] {
  if (!price) return [target, 'unknown', '', '', ''];
  const { input, output, batch } = price;
  return [target, `${input}`, `${output}`, batch === undefined ? 'unknown' : `× ${batch}`, source ?? ''];
}

/** Of every target that is named, lanes too. */
function pricesOf({ catalog }: Config) {
  const lanes = Object.values(catalog.models).flatMap(({ batchTargets = [] }) => batchTargets);
  const byName = new Map(
    [...allTargets(catalog), ...lanes].map((target) => [targetName(target), target.price ?? null]),
  );
  const sourceOf = (name: string) => (catalog.facts[name]?.price ? 'configuration' : priceListName());
  return [...byName].map(([target, price]) => ({ target, price, source: price && sourceOf(target) }));
}

function chains(config: Config) {
  return Object.entries(config.catalog.models).map(([model, { settings }]) => ({
    model,
    strategy: settings.strategy,
    targets: settings.targets.map(targetName),
  }));
}
