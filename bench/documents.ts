// Small documents made from a seed, with what is right to extract from them. Simple enough for a simulated model, which
// takes the first number that fits a field's range: the ranges don't overlap. Pure but for the hash.

import { drawn } from '../src/simulator/drawn.ts';

export interface Document {
  readonly text: string;
  /** Fits the schema. */
  readonly right: Readonly<Record<string, string | number>>;
}

export const schema = {
  type: 'object',
  properties: {
    subject: { type: 'string' },
    order_number: { type: 'integer', minimum: 100_000, maximum: 999_999 },
    quantity: { type: 'integer', minimum: 10, maximum: 99 },
    unit_price: { type: 'integer', minimum: 100, maximum: 999 },
    total: { type: 'integer', minimum: 1_000, maximum: 99_999 },
  },
  required: ['subject', 'order_number', 'quantity', 'unit_price', 'total'],
  additionalProperties: false,
};

export function documentsOf(seed: string, count: number): readonly Document[] {
  return Array.from({ length: count }, (_, index) => documentOf({ seed, index, count }));
}

function documentOf(of: { readonly seed: string; readonly index: number; readonly count: number }): Document {
  const { seed, index, count } = of;
  const pick = (what: string, low: number, high: number) =>
    low + Math.floor(drawn(seed, String(index), what) * (high - low + 1));
  const one = (what: string, words: readonly string[]) => words[pick(what, 0, words.length - 1)];
  // Each document has a range of numbers of its own, so that no two are the same.
  const width = Math.floor(900_000 / count);
  const orderNumber = 100_000 + index * width + pick('order', 0, width - 1);
  const quantity = pick('quantity', 10, 99);
  const unitPrice = pick('price', 100, 999);
  const total = quantity * unitPrice;
  const subject = `${one('buyer', BUYERS)} orders ${one('goods', GOODS)} for its works in ${one('city', CITIES)}.`;
  const text = [
    'Extract the order from this letter.',
    '',
    `${subject} The order has the number ${orderNumber} and is to be delivered in one piece.`,
    `We ask for ${quantity} crates at a price of ${unitPrice} euros for each of them.`,
    `The whole delivery comes to ${total} euros, payable within a month.`,
  ].join('\n');
  return { text, right: { subject, order_number: orderNumber, quantity, unit_price: unitPrice, total } };
}

const BUYERS = ['Alder & Sons', 'Brenner Works', 'Castell Mills', 'Dorn Shipyards', 'Eberle Brothers'];
const GOODS = ['steel brackets', 'copper wire', 'oak planks', 'ball bearings', 'linen sails', 'brass fittings'];
const CITIES = ['Antwerp', 'Bremen', 'Cork', 'Dunkirk', 'Esbjerg', 'Fiume', 'Ghent'];
