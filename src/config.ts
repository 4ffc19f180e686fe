// The configuration: read once at start, checked as a whole, frozen, and passed down. This file and `src/config/` are
// the only readers of the environment. Must not start anything and must not log.

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BuiltIn } from './config/built-in.ts';
import { builtIn, keyVariableOf } from './config/built-in.ts';
import { crossFaults } from './config/cross-checks.ts';
import { parseConfigDocument } from './config/document.ts';
import type { Problem } from './config/problem.ts';
import { ConfigError, formatPath } from './config/problem.ts';
import type { ResolvedFile } from './config/resolve.ts';
import { resolveFile } from './config/resolve.ts';
import type { ConfigFile } from './config/schema.ts';
import { configSchema } from './config/schema.ts';
import type { FieldFault } from './config/schema-issues.ts';
import { fieldFaults, issueMessage, UNKNOWN_FIELD } from './config/schema-issues.ts';
import { errorCode } from './config/substitution.ts';

export { approvalProblems } from './config/approvals.ts';
export { priceListName } from './config/list-prices.ts';
export { ConfigError, formatProblem } from './config/problem.ts';
export type { Problem } from './config/problem.ts';
export { loadSettings } from './config/settings.ts';
export type { Settings } from './config/settings.ts';

export interface Config extends ResolvedFile {
  readonly origin: 'file' | BuiltIn['origin'];
  /** What was read, in lines for whoever starts the service. */
  readonly description: readonly string[];
}

interface ConfigSource {
  /** The file; left out when there is none. */
  readonly path?: string | undefined;
  /** @default the process's */
  readonly env?: NodeJS.ProcessEnv;
}

/** Throws one `ConfigError` with every problem. */
export function loadConfig(source: ConfigSource): Config {
  const read = readConfig(source);
  if (read.config === null) throw new ConfigError(source.path ?? 'the environment', read.problems);
  return read.config;
}

/** Every problem as data; none when the configuration is right. */
export function checkConfig(source: ConfigSource): readonly Problem[] {
  return readConfig(source).problems;
}

type Read =
  | { readonly config: Config; readonly problems: readonly [] }
  | { readonly config: null; readonly problems: readonly Problem[] };

function readConfig({ path, env = process.env }: ConfigSource): Read {
  return path === undefined ? readEnvironment(env) : readFile(path, env);
}

function readEnvironment(env: NodeJS.ProcessEnv): Read {
  const { value, origin, description } = builtIn(env);
  const { file, faults } = checkFields(value);
  if (file === null) {
    const problems = faults.map(({ path, message }) => ({ path: keyVariableOf(path[1]), line: null, message }));
    return { config: null, problems };
  }
  return { config: deepFreeze({ ...resolveFile(file), origin, description: [description] }), problems: [] };
}

function readFile(path: string, env: NodeJS.ProcessEnv): Read {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const message = `the configuration file ${path} can't be read (${errorCode(error)})`;
    return { config: null, problems: [{ path: '', line: null, message }] };
  }
  const document = parseConfigDocument({ text, directory: dirname(path), env });
  if (document.value === null) return { config: null, problems: document.problems };
  const { file, faults } = checkWhole(document.value);
  const unresolved = new Set(document.problems.map((problem) => problem.path));
  const problems = [
    ...document.problems,
    // What is wrong with a value whose `${…}` leads nowhere can't be known yet.
    ...faults.map((fault) => problemOf(fault, document.lineOf(fault.path))).filter((one) => !unresolved.has(one.path)),
  ].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (file === null || problems.length > 0) return { config: null, problems };
  return {
    config: deepFreeze({ ...resolveFile(file), origin: 'file', description: describe(path, file) }),
    problems: [],
  };
}

interface Checked {
  readonly file: ConfigFile | null;
  readonly faults: readonly FieldFault[];
}

function checkFields(value: unknown): Checked {
  const parsed = configSchema.safeParse(value, { error: issueMessage });
  return parsed.success ? { file: parsed.data, faults: [] } : { file: null, faults: fieldFaults(parsed.error.issues) };
}

/** Entries that are wrong by themselves do not hide how the others fit together. */
function checkWhole(value: unknown): Checked {
  const { file, faults } = checkFields(value);
  const rest = file ?? checkFields(withoutFaulty(value, faults)).file;
  if (rest === null) return { file: null, faults };
  const names = { providers: new Set(keysOf(value, 'providers')), targets: new Set(keysOf(value, 'targets')) };
  return { file, faults: [...faults, ...crossFaults(rest, names)] };
}

/** A copy without unknown fields, and without the entries (a provider, a model, a default …) that hold a fault. */
function withoutFaulty(value: unknown, faults: readonly FieldFault[]): unknown {
  const copy = structuredClone(value);
  for (const { path, message } of faults) {
    const cut = message === UNKNOWN_FIELD ? path : path.slice(0, 2);
    let parent: unknown = copy;
    for (const part of cut.slice(0, -1)) parent = isObject(parent) ? parent[part] : undefined;
    const last = cut.at(-1);
    if (isObject(parent) && last !== undefined) delete parent[last];
  }
  return copy;
}

function problemOf({ path, message }: FieldFault, line: number): Problem {
  return { path: formatPath(path), line, message };
}

function describe(path: string, { providers, models }: ConfigFile): readonly string[] {
  const names = Object.keys(models);
  return [
    `Configuration: ${path}.`,
    `Providers: ${Object.keys(providers).join(', ')}. Models: ${names.length > 0 ? names.join(', ') : 'none; targets can be named directly'}.`,
  ];
}

function keysOf(value: unknown, section: string): readonly string[] {
  const entries = isObject(value) ? value[section] : undefined;
  return isObject(entries) ? Object.keys(entries) : [];
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of value instanceof Map ? value.values() : Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
