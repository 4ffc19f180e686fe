// For all JSON values and all ways of models to write them: what is read is the value, and a cut is never made whole.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJsonAnswer } from '../../activities/providers/json-answer.ts';

const json = fc.jsonValue({ maxDepth: 4 });
const shares = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const container = fc.oneof(fc.array(json, { maxLength: 5 }), fc.dictionary(fc.string(), json, { maxKeys: 5 }));

/** How one model writes: decided by a stream of choices, so that a failure shrinks. */
interface Hand {
  readonly choose: (options: number) => number;
}

function handOf(choices: readonly number[]): Hand {
  let next = 0;
  return { choose: (options) => (choices[next++ % choices.length] ?? 0) % options };
}

function written(value: unknown, hand: Hand): string {
  const gap = () => ['', ' ', '\n  ', ' /* a "note" } */ ', " // it's {\n"][hand.choose(5)] ?? '';
  if (Array.isArray(value))
    return listed(
      '[',
      value.map((item) => written(item, hand)),
      ']',
      { gap, hand },
    );
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, item]) => `${quoted(key, hand)}${gap()}:${gap()}${written(item, hand)}`,
    );
    return listed('{', members, '}', { gap, hand });
  }
  if (typeof value === 'string') return quoted(value, hand);
  const plain = JSON.stringify(value);
  const python = { true: 'True', false: 'False', null: 'None' }[plain];
  return python !== undefined && hand.choose(2) === 1 ? python : plain;
}

function listed(
  open: string,
  items: readonly string[],
  close: string,
  { gap, hand }: { gap: () => string; hand: Hand },
): string {
  const last = items.length > 0 && hand.choose(2) === 1 ? ',' : '';
  return `${open}${gap()}${items.map((item) => `${item}${gap()}`).join(`,${gap()}`)}${last}${gap()}${close}`;
}

function quoted(text: string, hand: Hand): string {
  const plain = JSON.stringify(text);
  const style = hand.choose(3);
  if (style === 1) {
    const inner = plain.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
    return `'${inner}'`;
  }
  return style === 2 ? plain.replaceAll(/(?<!\\)((?:\\\\)*)\\n/g, '$1\n') : plain;
}

const around = [
  ['', ''],
  ['\uFEFF', ''],
  ['\n\n', '  \n'],
  ['```json\n', '\n```'],
  ['```\n', '\n```\n'],
  ['Here is the answer:\n', ''],
  ['', '\nLet me know, if that "fits".'],
  ["Sure, here's what you asked for:\n\n```json\n", '\n```\n\nIs there anything else?'],
  ['<answer>', '</answer>'],
] as const;

describe('any value in any decoration', () => {
  it('is read as that value', () => {
    let repairs = 0;
    fc.assert(
      fc.property(
        container,
        fc.array(fc.nat(1_000), { minLength: 8, maxLength: 64 }),
        fc.nat(),
        (value, choices, place) => {
          const [before, behind] = around[place % around.length] ?? ['', ''];
          const read = readJsonAnswer(`${before}${written(value, handOf(choices))}${behind}`);
          if (read.type !== 'json') throw new Error(`not read: ${read.type}`);
          if (read.isRepaired) repairs++;
          expect(JSON.parse(read.text)).toEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
      { numRuns: 3_000 },
    );
    expect(repairs).toBeGreaterThan(1_000);
  });
});

describe('any cut', () => {
  it('of plain JSON is seen, and never made whole', () => {
    fc.assert(
      fc.property(container, fc.boolean(), shares, (value, isIndented, share) => {
        const text = JSON.stringify(value, null, isIndented ? 2 : 0);
        const end = Math.floor(share * text.length);
        if (end === 0) return;
        expect(readJsonAnswer(text.slice(0, end))).toEqual({ type: 'open' });
      }),
      { numRuns: 3_000 },
    );
  });

  it('of a text is not read as JSON that stands in it', () => {
    fc.assert(
      fc.property(container, fc.string(), shares, (value, words, share) => {
        const text = JSON.stringify(`${words}${JSON.stringify(value)}${words}`);
        const cut = text.slice(0, Math.floor(share * text.length));
        expect(readJsonAnswer(cut).type).not.toBe('json');
      }),
      { numRuns: 1_000 },
    );
  });

  it('of a decorated value is not read as a part of it', () => {
    fc.assert(
      fc.property(
        container,
        fc.array(fc.nat(1_000), { minLength: 8, maxLength: 64 }),
        fc.nat(),
        shares,
        (value, choices, place, share) => {
          const [before] = around[place % around.length] ?? [''];
          const whole = written(value, handOf(choices));
          const cut = `${before}${whole.slice(0, Math.floor(share * whole.length))}`;
          const read = readJsonAnswer(cut);
          expect(read.type).not.toBe('json');
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
