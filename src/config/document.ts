// The configuration file as YAML: its value with `${…}` filled in, and the line of every field. Knows no field.
// The parser's own pretty errors are off, and its messages cut: they quote the file, and with it the keys in it.

import type { Document, Pair, YAMLError, YAMLMap } from 'yaml';
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Problem } from './problem.ts';
import { formatPath } from './problem.ts';
import { substitute } from './substitution.ts';

export interface ConfigDocument {
  /** Null when the text is not YAML. */
  readonly value: unknown;
  /** YAML that can't be read, and references that lead nowhere. */
  readonly problems: readonly Problem[];
  /** The line of a field, or of the nearest one around it that the file has. */
  lineOf(path: readonly PropertyKey[]): number;
}

export function parseConfigDocument(input: {
  readonly text: string;
  /** `${file:…}` is relative to it. */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}): ConfigDocument {
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const document = parseDocument(input.text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const unreadable: Problem[] = document.errors.map((error) => ({
    path: '',
    line: lineAt(error.pos[0]),
    message: `not valid YAML: ${explain(error)}`,
  }));
  const unresolved: Problem[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document)) return;
      unreadable.push({ path: '', line: lineAt(offsetOf(alias)), message: `no anchor &${alias.source} before it` });
    },
    Pair(_, { key }) {
      // JavaScript's one name that can be no field; zod would drop it silently.
      if (!isScalar(key) || key.value !== '__proto__') return;
      unreadable.push({ path: '', line: lineAt(offsetOf(key)), message: '__proto__ can be no name' });
    },
    Scalar(key, scalar, ancestors) {
      if (key === 'key' || typeof scalar.value !== 'string') return;
      const { text, faults } = substitute({ ...input, text: scalar.value });
      scalar.value = text;
      const path = formatPath(pathOf(scalar, ancestors));
      for (const message of faults) unresolved.push({ path, line: lineAt(offsetOf(scalar)), message });
    },
  });
  return {
    value: unreadable.length > 0 ? null : (document.toJS() ?? {}),
    problems: [...unreadable, ...unresolved],
    lineOf: (path) => lineAt(offsetAt(document, path)),
  };
}

function explain({ code, message }: YAMLError): string {
  return code === 'MULTIPLE_DOCS' ? 'more than one document' : message.replace(/:.*/s, '');
}

function pathOf(node: unknown, ancestors: readonly unknown[]): PropertyKey[] {
  const chain = [...ancestors, node];
  return chain.flatMap((part, index): PropertyKey[] => {
    if (isPair(part) && isScalar(part.key)) return [String(part.key.value)];
    return isSeq(part) ? [part.items.indexOf(chain[index + 1])] : [];
  });
}

/** Where the deepest part of the path that is there begins; of a field that is its name. */
function offsetAt(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = offsetOf(node);
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    const pair = isMap(node) ? findPair(node, part) : undefined;
    const next = isSeq(node) ? node.items[Number(part)] : pair?.value;
    if (pair ?? next) offset = offsetOf(pair?.key ?? next);
    node = next;
  }
  return offset;
}

function findPair(map: YAMLMap, name: PropertyKey): Pair | undefined {
  return map.items.find(({ key }) => isScalar(key) && key.value === name);
}

function offsetOf(node: unknown): number {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
}
