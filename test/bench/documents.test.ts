// The documents of the accuracy scenario: what is right about them is known, and a simulated model finds it.

import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { documentsOf, schema } from '../../bench/documents.ts';
import { instanceOf } from '../../src/simulator/answer/instance.ts';

const documents = documentsOf('some seed', 300);

test('the simulator extracts what the document was made of', () => {
  for (const { text, right } of documents) expect(instanceOf(schema, text)).toEqual(right);
});

test('what is right fits the schema', () => {
  const validate = new Ajv2020().compile(schema);
  expect(documents.filter(({ right }) => !validate(right))).toEqual([]);
});

test('no two documents are the same, and one seed makes the same ones', () => {
  expect(new Set(documents.map(({ text }) => text)).size).toBe(documents.length);
  expect(documentsOf('some seed', 300)).toEqual(documents);
  expect(documentsOf('another', 300)[0]).not.toEqual(documents[0]);
});
