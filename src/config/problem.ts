// What is wrong with the configuration or the settings, as data, and the one error that carries all of it.
// A message repeats no value but a target's name: it may be a key.

export interface Problem {
  /** The field, such as `models.summarize.targets[1].params`, or the environment variable. */
  readonly path: string;
  /** Line in the file, from 1; null where there is no file. */
  readonly line: number | null;
  readonly message: string;
}

export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  /** `source`: the file's name, or what else was read. */
  constructor(source: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    super([`${source}: ${count}`, ...problems.map((problem) => formatProblem(source, problem))].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** `holdfast.yaml:12: models.quick.deadline: must be …`, the form that editors and terminals make a link of. */
export function formatProblem(source: string, { path, line, message }: Problem): string {
  const place = line === null ? '' : `${source}:${line}: `;
  return path === '' ? `${place}${message}` : `${place}${path}: ${message}`;
}

/** `['models', 'quick', 'targets', 0]` as `models.quick.targets[0]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`))
    .join('');
}
