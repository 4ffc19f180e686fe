// Single values that are not the right one: valid against the schema, and far enough away that no tolerance takes them for it.

import type { JsonSchema } from '../../domain/prompt.ts';
import { numberOf, stringOf } from '../wires/read-json.ts';
import { rangeOf, typeOf } from './schema.ts';

/** The number drawn in a round, from 0 to 1. */
export type Draw = (round: number) => number;

/** Another text of the same form: as many lines and sentences, bullets where there were bullets. */
export function textUnlike(right: string, draw: Draw): string {
  let round = 0;
  const sentence = () => `On the contrary: ${phrase(() => draw(round++))}.`;
  return right
    .split('\n')
    .map((line) => {
      const [, bullet = '', said = ''] = /^([-*•]\s+)?(.*)$/u.exec(line) ?? [];
      return (
        bullet +
        (said === ''
          ? ''
          : said
              .split(/(?<=[.!?])\s+/u)
              .map(sentence)
              .join(' '))
      );
    })
    .join('\n');
}

export function stringUnlike(right: string, schema: JsonSchema, draw: Draw): string {
  const formatted = FORMATS[stringOf(schema['format'])];
  if (formatted) return formatted((below) => Math.floor(draw(0) * below));
  const shortest = numberOf(schema['minLength']) ?? 0;
  const longest = numberOf(schema['maxLength']) ?? Infinity;
  // Cut short, the phrases of two seeds would often be the same.
  const said = longest < LONGEST_PHRASE ? letters(longest, draw) : phrase(draw).padEnd(shortest, '.');
  return said === right ? `${said.slice(0, -1)}${said.endsWith('Z') ? 'Y' : 'Z'}` : said;
}

/** The right value itself when the schema allows no other. */
export function numberUnlike(right: number, schema: JsonSchema, draw: Draw): number {
  const { low, high, fits } = rangeOf(schema);
  const step = numberOf(schema['multipleOf']) ?? (typeOf(schema) === 'number' ? CENT : 1);
  const span = Math.max(1_000, 10 * Math.abs(right));
  const first = Math.ceil(Math.max(low, right - span) / step);
  const count = Math.floor(Math.min(high, right + span) / step) - first + 1;
  // Products such as 3 × 0.05 are a little off.
  const at = (index: number) => Number(((first + index) * step).toPrecision(12));
  const isOther = (value: number) => value !== right && fits(value) && isMultiple(value, schema);
  const values = Array.from({ length: ROUNDS }, (_, round) => at(Math.floor(draw(round) * count))).filter(isOther);
  const isFar = (value: number) => Math.abs(value - right) > Math.abs(right) * FAR;
  const any = Array.from({ length: Math.min(count, ROUNDS) }, (_, index) => at(index));
  return values.find(isFar) ?? values[0] ?? any.find(isOther) ?? right;
}

/** How many times is drawn before one that is only near is taken. */
const ROUNDS = 32;
/** As a share of the right value. */
const FAR = 0.1;
const CENT = 0.01;
const LONGEST_PHRASE = 40;

function isMultiple(value: number, schema: JsonSchema): boolean {
  const step = numberOf(schema['multipleOf']);
  return step === null || Number.isInteger(value / step);
}

const ADJECTIVES = ['amber', 'bitter', 'crooked', 'distant', 'early', 'fragile', 'golden', 'hollow', 'idle', 'jagged'];
const NOUNS = [
  'anchors',
  'bridges',
  'candles',
  'deserts',
  'engines',
  'falcons',
  'gardens',
  'harbours',
  'islands',
  'jars',
];

/** At most 40 characters. */
function phrase(draw: Draw): string {
  const number = Math.floor(draw(0) * 1e12);
  const adjective = ADJECTIVES[number % ADJECTIVES.length];
  return `${1_000 + (Math.floor(number / 100) % 1e6)} ${adjective} ${NOUNS[Math.floor(number / 10) % NOUNS.length]}`;
}

function letters(count: number, draw: Draw): string {
  return Array.from({ length: count }, (_, round) => String.fromCharCode(65 + Math.floor(draw(round) * 26))).join('');
}

/** Others than the ones that right answers hold; `pick` picks a whole number below its limit. */
const FORMATS: Readonly<Record<string, (pick: (below: number) => number) => string>> = {
  date: (pick) => day(pick),
  'date-time': (pick) => `${day(pick)}T${two(pick(24))}:${two(pick(60))}:${two(pick(60))}Z`,
  time: (pick) => `${two(13 + pick(11))}:${two(pick(60))}:${two(pick(60))}Z`,
  duration: (pick) => `PT${2 + pick(1e6)}M`,
  email: (pick) => `somebody-${pick(1e9)}@example.org`,
  hostname: (pick) => `host-${pick(1e9)}.example.org`,
  ipv4: (pick) => `198.51.${pick(256)}.${pick(65_536) % 256}`,
  ipv6: (pick) => `2001:db8::${(2 + pick(65_000)).toString(16)}`,
  uri: (pick) => `https://example.org/${pick(1e9)}`,
  uuid: (pick) => `00000000-0000-4000-8000-${(1 + pick(2 ** 40)).toString(16).padStart(12, '0')}`,
};

/** Of some year between 2000 and 2025. */
function day(pick: (below: number) => number): string {
  const days = pick(26 * 365);
  return new Date(Date.UTC(2000, 0, 1 + days)).toISOString().slice(0, 10);
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
