// What the schema can't see: fields of the configuration file that must fit each other, and the packages that a provider
// needs. Pure but for the look at what is installed.

import { expectFaults } from '../../activities/expect/expect-faults.ts';
import { packageNeeded, providerFacts, providerTypes } from '../../activities/providers/registry.ts';
import { formatDuration } from '../domain/duration.ts';
import { expectOf } from '../domain/expectation.ts';
import { parseTargetName } from '../domain/target.ts';
import { canonicalJson } from './canonical-json.ts';
import { isInstalled } from './installed.ts';
import { BUILT_IN_LIMITS, limitFaults, resolveLimits } from './limits.ts';
import { listPrices } from './list-prices.ts';
import type { ConfigFile, ModelFields, ProviderEntry } from './schema.ts';
import type { FieldFault } from './schema-issues.ts';
import { strategyFaults, targetEntries } from './strategy.ts';

/** `names`: also of those entries that are left out of `file` because they are wrong by themselves. */
export function crossFaults(
  file: ConfigFile,
  names: { readonly providers: ReadonlySet<string>; readonly targets: ReadonlySet<string> },
): readonly FieldFault[] {
  const { providers: providerNames } = names;
  // An entry that is wrong by itself may have a price when it has been put right.
  const configured = new Set([...names.targets].filter((name) => !file.targets[name] || file.targets[name].price));
  const listPrice = listPrices(file.providers);
  const hasPrice = (name: string): boolean => {
    const target = parseTargetName(name);
    if (configured.has(name) || !target) return configured.has(name);
    return providerNames.has(target.provider) && (!file.providers[target.provider] || listPrice(target) !== null);
  };
  const own = file.defaults;
  const inherited = resolveLimits({ own, inherited: BUILT_IN_LIMITS });
  return [
    ...(providerNames.size === 0 ? [{ path: ['providers'], message: 'needs at least one provider' }] : []),
    ...Object.entries(file.providers).flatMap(([name, entry]) => providerFaults(entry, ['providers', name])),
    ...Object.keys(file.targets).flatMap((name) => targetFaults(name, providerNames, ['targets', name])),
    ...limitFaults({ own, inherited: BUILT_IN_LIMITS, path: ['defaults'] }),
    ...Object.entries(file.models).flatMap(([name, model]) => [
      ...modelNameFaults(name, providerNames),
      ...strategyAndTargetFaults(model, providerNames, ['models', name]),
      ...limitFaults({ own: model, inherited, deadlineMs: model.deadline, path: ['models', name] }),
      ...orderFaults(model, hasPrice, ['models', name, 'order']),
      ...streamFaults(model, ['models', name, 'stream']),
      ...laneFaults(model, providerNames, ['models', name, 'batch', 'targets']),
      ...(model.expect ? expectationFaults(model.expect, ['models', name, 'expect']) : []),
    ]),
    ...pingFaults(file.healthChecks),
    ...weightFaults(file.score),
    ...pollFaults(file.batch),
  ];
}

function providerFaults(entry: ProviderEntry, path: readonly PropertyKey[]): readonly FieldFault[] {
  const { needsKey, needsBaseUrl, access, optionalPackage, batches } = providerFacts(entry.type);
  const faults: FieldFault[] = foreignFields(entry).map((field) => ({
    path: [...path, field],
    message: `is not for type ${entry.type}`,
  }));
  if (needsKey && entry.apiKey === undefined) faults.push({ path, message: `type ${entry.type} needs an apiKey` });
  if (needsBaseUrl && entry.baseUrl === undefined) faults.push({ path, message: `type ${entry.type} needs a baseUrl` });
  if (entry.batch && !batches) {
    faults.push({ path: [...path, 'batch'], message: `must be left out: type ${entry.type} has no batches here` });
  }
  const fault = access?.faultOf(entry) ?? null;
  if (fault !== null) faults.push({ path, message: `type ${entry.type} ${fault}` });
  if (optionalPackage !== undefined && !isInstalled(optionalPackage)) {
    faults.push({ path: [...path, 'type'], message: `${entry.type} ${packageNeeded(optionalPackage)}` });
  }
  return faults;
}

function streamFaults({ strategy, stream }: ModelFields, path: readonly PropertyKey[]): readonly FieldFault[] {
  if (strategy !== 'consensus' || stream !== 'live') return [];
  return [{ path, message: 'must be verified for consensus: there is no answer before the votes have been compared' }];
}

/** Fields that only other types have. */
function foreignFields(entry: ProviderEntry): readonly string[] {
  const ofType = (type: ProviderEntry['type']): readonly string[] => providerFacts(type).access?.fields ?? [];
  const own = ofType(entry.type);
  return [...new Set(providerTypes.flatMap(ofType))].filter((field) => field in entry && !own.includes(field));
}

function modelNameFaults(name: string, providerNames: ReadonlySet<string>): readonly FieldFault[] {
  const target = parseTargetName(name);
  if (!target || !providerNames.has(target.provider)) return [];
  const message = `reads as a target of the provider ${target.provider}; a model needs a name of its own`;
  return [{ path: ['models', name], message }];
}

function strategyAndTargetFaults(
  model: ModelFields,
  providerNames: ReadonlySet<string>,
  path: readonly PropertyKey[],
): readonly FieldFault[] {
  const seen = new Set<string>();
  const faults = targetEntries(model).flatMap(({ entry, path: inModel }) => {
    const entryPath = [...path, ...inModel];
    const link = typeof entry === 'string' ? { target: entry } : entry;
    const linkPath = typeof entry === 'string' ? entryPath : [...entryPath, 'target'];
    const ofTarget = targetFaults(link.target, providerNames, linkPath);
    // A leg is a chain of its own, and legs may share what they fall back to: one of them gets its vote.
    const isLeg = model.strategy === 'consensus' && inModel[0] === 'targets' && inModel.length === 2;
    const chain = isLeg ? inModel : inModel.slice(0, -1);
    const identity = canonicalJson({ chain, link });
    if (seen.has(identity))
      return [...ofTarget, { path: entryPath, message: `${link.target} is in this chain already` }];
    seen.add(identity);
    return ofTarget;
  });
  if (faults.length > 0) return faults;
  return strategyFaults(model).map((fault) => ({ ...fault, path: [...path, ...fault.path] }));
}

function orderFaults(
  model: ModelFields,
  hasPrice: (target: string) => boolean,
  path: readonly PropertyKey[],
): readonly FieldFault[] {
  if (model.strategy === 'consensus') return [];
  const { order, targets } = model;
  const isPriced = targets.some((entry) => hasPrice(typeof entry === 'string' ? entry : entry.target));
  return order !== 'cost' || isPriced ? [] : [{ path, message: 'is cost, but none of the targets has a price' }];
}

function expectationFaults(
  expect: NonNullable<ModelFields['expect']>,
  path: readonly PropertyKey[],
): readonly FieldFault[] {
  return expectFaults(expectOf(expect)).map((fault) => ({ ...fault, path: [...path, ...fault.path] }));
}

function laneFaults(
  { batch }: ModelFields,
  providerNames: ReadonlySet<string>,
  path: readonly PropertyKey[],
): readonly FieldFault[] {
  const names = (batch?.targets ?? []).map((entry) => (typeof entry === 'string' ? entry : entry.target));
  return names.flatMap((name, index) => [
    ...targetFaults(name, providerNames, [...path, index]),
    ...(names.indexOf(name) < index ? [{ path: [...path, index], message: `${name} is a lane already` }] : []),
  ]);
}

/** Somebody who is looked at less often than that is never seen to make progress. */
function pollFaults({ pollInterval, stuckAfter }: ConfigFile['batch']): readonly FieldFault[] {
  const message = `is not longer than the pollInterval (${formatDuration(pollInterval)})`;
  return stuckAfter > pollInterval ? [] : [{ path: ['batch', 'stuckAfter'], message }];
}

function pingFaults({ interval, timeout = 0 }: ConfigFile['healthChecks']): readonly FieldFault[] {
  const message = `is longer than the interval (${formatDuration(interval)})`;
  return timeout > interval ? [{ path: ['healthChecks', 'timeout'], message }] : [];
}

function weightFaults({ weights }: ConfigFile['score']): readonly FieldFault[] {
  const isAnyAbove0 = Object.values(weights).some((weight) => weight > 0);
  return isAnyAbove0 ? [] : [{ path: ['score', 'weights'], message: 'needs one that is above 0' }];
}

function targetFaults(
  name: string,
  providerNames: ReadonlySet<string>,
  path: readonly PropertyKey[],
): readonly FieldFault[] {
  const target = parseTargetName(name);
  if (!target) return [{ path, message: 'must be provider/model' }];
  if (providerNames.has(target.provider)) return [];
  return [{ path, message: `no provider is called ${target.provider}; known: ${[...providerNames].join(', ')}` }];
}
