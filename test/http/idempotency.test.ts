import { expect, test } from 'vitest';
import { isInferenceId } from '../../src/domain/ids.ts';
import { fingerprintOf, idempotentInferenceId, isRetry, numberedRequest } from '../../src/http/idempotency.ts';

const caller = (name: string | null) => ({ name, isOperator: false });

test('the same key of the same caller names the same inference, today and after every restart', () => {
  const id = idempotentInferenceId(caller('team-a'), 'order-17');
  // A fixed value: another release must find what this one started.
  expect(id).toBe('inf-56d4616e62d4d9ea126d6ca379c0e3de704bd2079b575bb1cd0b9309f112d9f0');
  expect(isInferenceId(id)).toBe(true);
});

test('another caller, another key or no caller name other inferences', () => {
  const ids = [
    idempotentInferenceId(caller('a'), 'b'),
    idempotentInferenceId(caller('b'), 'a'),
    idempotentInferenceId(caller(null), 'b'),
    idempotentInferenceId(caller('null'), 'b'),
    idempotentInferenceId(caller('a","b'), ''),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});

test('a fingerprint does not depend on the order of fields, at any depth', () => {
  const one = { model: 'm', messages: [{ role: 'user', content: 'x' }], metadata: { a: '1', b: '2' } };
  const other = { metadata: { b: '2', a: '1' }, messages: [{ content: 'x', role: 'user' }], model: 'm' };
  expect(fingerprintOf('chat-completions', one)).toBe(fingerprintOf('chat-completions', other));
});

test.each([
  ['another text', { model: 'm', stop: ['a', 'c'] }],
  ['another order of a list', { model: 'm', stop: ['b', 'a'] }],
  ['a text instead of a list', { model: 'm', stop: 'a,b' }],
  ['a field more', { model: 'm', stop: ['a', 'b'], seed: 1 }],
])('a fingerprint changes with %s', (_name, body) => {
  expect(fingerprintOf('chat-completions', body)).not.toBe(
    fingerprintOf('chat-completions', { model: 'm', stop: ['a', 'b'] }),
  );
});

test('a fingerprint changes with the endpoint', () => {
  expect(fingerprintOf('inferences', {})).not.toBe(fingerprintOf('chat-completions', {}));
});

const number = { epoch: 494_172, sequence: 0 };
const request = (fingerprint: string) => ({ fingerprint, nowMs: 0, deadlineMs: 1 });

test('the same number of equal requests of a caller names the same inference, in every process', () => {
  const { idOf } = numberedRequest(caller('team-a'), request('f'));
  // A fixed value: processes of two releases share an hour during an upgrade.
  expect(idOf(number)).toBe('inf-ccf3a2debc07998e174237ba2b8e1bbcb719cea4b778bb607e1ebf289bad49f3');
  expect(isInferenceId(idOf(number))).toBe(true);
});

test('another caller, body, hour or number names another inference, and so does an Idempotency-Key', () => {
  const ids = [
    numberedRequest(caller('a'), request('f')).idOf(number),
    numberedRequest(caller('b'), request('f')).idOf(number),
    numberedRequest(caller(null), request('f')).idOf(number),
    numberedRequest(caller('a'), request('g')).idOf(number),
    numberedRequest(caller('a'), request('f')).idOf({ ...number, epoch: number.epoch + 1 }),
    numberedRequest(caller('a'), request('f')).idOf({ ...number, sequence: 1 }),
    idempotentInferenceId(caller('a'), 'f'),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});

test.each([
  ['1', true],
  ['17', true],
  ['0', false],
  ['', false],
  ['-1', false],
  ['1.5', false],
  ['1, 1', false],
  ['yes', false],
  [undefined, false],
])('a retry count of %j makes a retry: %j', (count, expected) => {
  expect(isRetry({ 'x-stainless-retry-count': count })).toBe(expected);
});
