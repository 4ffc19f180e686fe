// The files of a deployment as data, for tests that check them against each other and against the code.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../..');

interface Healthcheck {
  readonly test: readonly string[];
}

export interface ComposeService {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly restart: string;
  readonly environment: Readonly<Record<string, string | null>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly healthcheck?: Healthcheck;
}

export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export function rootPath(path: string): string {
  return resolve(ROOT, path);
}

export function readRootFile(path: string): string {
  return readFileSync(rootPath(path), 'utf8');
}

export function readCompose(): Compose {
  return parse(readRootFile('docker-compose.yml'), { merge: true }) as Compose;
}

export function holdfastServices(compose: Compose): readonly ComposeService[] {
  return Object.entries(compose.services)
    .filter(([name]) => name.startsWith('holdfast-'))
    .map(([, service]) => service);
}

/** The variables that a file of the form `NAME=value` offers, those that are commented out included. */
export function offeredVariables(path: string): readonly string[] {
  return [...readRootFile(path).matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name ?? '');
}

/** The values that containers see, with `values` for what an operator sets. */
export function environmentOf(
  service: ComposeService,
  values: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const entries = Object.entries(service.environment).flatMap(([name, value]) => {
    const resolved = value === null ? values[name] : interpolate(value, values);
    return resolved === undefined ? [] : [[name, resolved]];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

function interpolate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{([A-Z0-9_]+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind?: string, rest?: string) => {
    const value = values[name];
    if (value) return value;
    if (kind === '-') return rest ?? '';
    throw new Error(`${name} is not set.`);
  });
}

/** Of an instruction in the Dockerfile, in order; continued lines joined. */
export function dockerInstructions(name: string): readonly string[] {
  const lines = readRootFile('Dockerfile').replaceAll(/\\\n/g, ' ').split('\n');
  return lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim());
}
