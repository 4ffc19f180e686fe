// The JSON asked for as models write it that do not keep to it: in another form, or with something wrong in it.

import { isJson } from '../wires/read-json.ts';

/** The values are right, and the form is not plain JSON. */
const forms = {
  fence: (value: unknown) => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``,
  prose: (value: unknown) => `Here is the JSON you asked for:\n\n${JSON.stringify(value)}\n\nIs there anything else?`,
  'fence-in-prose': (value: unknown) => `Sure!\n\n${forms.fence(value)}\n\nI hope it helps.`,
  'trailing-comma': (value: unknown) => JSON.stringify(value, null, 2).replaceAll(/([^[{,])\n(\s*[\]}])/g, '$1,\n$2'),
  'single-quotes': (value: unknown) => written(value, singleQuoted, JSON.stringify),
  python: (value: unknown) => written(value, singleQuoted, (word) => PYTHON.get(word) ?? JSON.stringify(word)),
  comment: (value: unknown) => JSON.stringify(value, null, 2).replace('\n', ' // as asked\n'),
  'byte-order-mark': (value: unknown) => `\uFEFF${JSON.stringify(value)}`,
  'raw-line-break': (value: unknown) => JSON.stringify(value).replaceAll(/(?<=[a-z]) (?=[a-z])/g, '\n'),
} as const;

/** Plain JSON that is not what was asked for, or not one value, or not whole. */
const faults = {
  'wrong-type': (value: unknown) =>
    JSON.stringify(value, (_, inner: unknown) => (Number.isFinite(inner) ? String(inner) : inner)),
  'missing-field': (value: unknown) =>
    JSON.stringify(isJson(value) ? Object.fromEntries(Object.entries(value).slice(1)) : null),
  'extra-field': (value: unknown) => JSON.stringify(isJson(value) ? { ...value, unasked: 'nobody asked' } : null),
  'two-values': (value: unknown) => `${JSON.stringify(value)}\n${JSON.stringify(value)}`,
  'left-open': (value: unknown) => JSON.stringify(value).slice(0, -1),
  'no-json': () => 'I would rather tell it in my own words.',
} as const;

export type Oddity = keyof typeof forms | keyof typeof faults;

/** Whether it can be put right without a guess. */
export const oddForms = Object.keys(forms) as readonly (keyof typeof forms)[];
export const oddFaults = Object.keys(faults) as readonly (keyof typeof faults)[];

export function oddJson(value: unknown, oddity: Oddity): string {
  return { ...forms, ...faults }[oddity](value);
}

function written(value: unknown, quoted: (text: string) => string, word: (value: unknown) => string): string {
  const inner = (one: unknown) => written(one, quoted, word);
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(inner).join(', ')}]`;
  if (!isJson(value)) return word(value);
  return `{${Object.entries(value)
    .map(([key, one]) => `${quoted(key)}: ${inner(one)}`)
    .join(', ')}}`;
}

function singleQuoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

const PYTHON = new Map<unknown, string>([
  [true, 'True'],
  [false, 'False'],
  [null, 'None'],
]);
