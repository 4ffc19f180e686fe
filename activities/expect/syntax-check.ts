// Whether a text is of a language, by the parsers of others, each loaded when it is first wanted.

import type { Syntax } from '../../src/domain/expectation.ts';
import { withinTime } from './within-time.ts';

export const syntaxNames: Readonly<Record<Syntax, string>> = {
  json: 'JSON',
  sql: 'SQL',
  python: 'Python',
  typescript: 'TypeScript',
};

/** What is wrong, in the parser's words, which may quote the text; null: nothing. */
export type SyntaxFault = (text: string) => string | null;

/** Loaded once, and kept here: even a repeated `import()` takes its time. */
export function syntaxCheck(syntax: Syntax): Promise<SyntaxFault> {
  const loading = loaded.get(syntax) ?? loaders[syntax]().then(bounded);
  loaded.set(syntax, loading);
  return loading;
}

const loaded = new Map<Syntax, Promise<SyntaxFault>>();

const loaders: Readonly<Record<Syntax, () => Promise<SyntaxFault>>> = {
  json: async () => (text) => faultOf(() => JSON.parse(text)),
  sql: loadSql,
  python: loadPython,
  typescript: loadTypescript,
};

/** Parsers hold up everything else, and go as deep into their stack as brackets are nested. */
function bounded(check: SyntaxFault): SyntaxFault {
  return (text) => {
    if (text.length > MAX_LENGTH) return `it is longer than ${MAX_LENGTH} characters, and was not read`;
    if (depthOf(text) > MAX_DEPTH) return `it is nested deeper than ${MAX_DEPTH} brackets, and was not read`;
    return check(text);
  };
}

const MAX_LENGTH = 200_000;
const MAX_DEPTH = 500;

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if ('([{'.includes(character)) deepest = Math.max(deepest, ++depth);
    else if (')]}'.includes(character)) depth--;
  }
  return deepest;
}

/** Nobody says which SQL is meant: one of the common dialects takes it. */
async function loadSql(): Promise<SyntaxFault> {
  const modules = await Promise.all([
    import('node-sql-parser/build/postgresql.js'),
    import('node-sql-parser/build/mysql.js'),
    import('node-sql-parser/build/sqlite.js'),
    import('node-sql-parser/build/transactsql.js'),
  ]);
  const parsers = modules.map((module) => new module.default.Parser());
  return (text) => {
    // The grammar tries one way after another: a text can be made to take for ever.
    const read = withinTime(SQL_LIMIT_MS, () => {
      let fault: string | null = null;
      for (const parser of parsers) {
        const found = faultOf(() => parser.astify(text));
        if (found === null) return null;
        fault ??= found;
      }
      return fault;
    });
    return read === null ? `it could not be read within ${SQL_LIMIT_MS} ms` : read.value;
  };
}

const SQL_LIMIT_MS = 1_000;

async function loadPython(): Promise<SyntaxFault> {
  const { default: ruff } = await import('@astral-sh/ruff-wasm-nodejs');
  // Without any rule it reports syntax errors alone.
  const workspace = new ruff.Workspace({ lint: { select: [] } }, ruff.PositionEncoding.Utf16);
  return (text) => {
    const faults = workspace.check(text) as readonly import('@astral-sh/ruff-wasm-nodejs').Diagnostic[];
    const [first] = faults;
    return first ? `${first.message} (line ${first.start_location.row})` : null;
  };
}

async function loadTypescript(): Promise<SyntaxFault> {
  const { parse } = await import('@babel/parser');
  const plugins = ['typescript', 'decorators'] as const;
  return (text) => {
    const fault = faultOf(() => parse(text, { sourceType: 'unambiguous', plugins: [...plugins] }));
    if (fault === null) return null;
    // In a file with JSX some of the other is written differently.
    return faultOf(() => parse(text, { sourceType: 'unambiguous', plugins: [...plugins, 'jsx'] })) === null
      ? null
      : fault;
  };
}

function faultOf(parse: () => unknown): string | null {
  try {
    parse();
    return null;
  } catch (error) {
    // Parsers throw what they like; their stack overflows, too, are what the text does to them.
    return error instanceof Error ? error.message : String(error);
  }
}
