// Who may decide a vote that is held, and when it is decided.

import { describe, expect, test } from 'vitest';
import { atOne, decisionOf, resolutionFault, withApproval } from '../../src/domain/hold.ts';
import type { Approval, Vote } from '../../src/domain/verdict.ts';

const cast = { answer: { text: 'x' }, standing: 'counted' } as Vote;
const votes = [cast, { ...cast, answer: null, standing: 'failed' as const }, cast];
const hold = { holdTimeoutMs: 1_000, approvals: 1, submitterMayResolve: true };
const two = { ...hold, approvals: 2 };
const fault = (resolution: unknown, more: Partial<Parameters<typeof resolutionFault>[0]> = {}) =>
  resolutionFault({
    resolution,
    resolver: { by: 'olga', via: 'api' },
    settings: hold,
    submitter: 'alice',
    votes,
    ...more,
  })?.code ?? null;

describe('a resolution is refused', () => {
  test.each([
    ['without a reason', { vote: 0 }],
    ['with an empty reason', { vote: 0, reason: ' ' }],
    ['without vote and answer', { reason: 'r' }],
    ['with both', { vote: 0, answer: 'a', reason: 'r' }],
    ['of a vote that was not cast', { vote: 1, reason: 'r' }],
    ['of a vote that does not exist', { vote: 3, reason: 'r' }],
    ['of a vote that is no number', { vote: '0', reason: 'r' }],
    ['with an empty answer', { answer: ' ', reason: 'r' }],
    ['with an answer that is no text', { answer: { a: 1 }, reason: 'r' }],
    ['that is no object', 'vote 0'],
    ['that is nothing', undefined],
  ])('%s', (_, resolution) => {
    expect(fault(resolution)).toBe('invalid_resolution');
  });

  test("from Temporal's UI, which tells no names, where names are wanted", () => {
    const resolver = { by: null, via: 'temporal' as const };
    expect(fault({ vote: 0, reason: 'r' }, { resolver })).toBeNull();
    expect(fault({ vote: 0, reason: 'r' }, { resolver, settings: two })).toBe('approvals_needed');
    expect(fault({ vote: 0, reason: 'r' }, { resolver, settings: { ...hold, submitterMayResolve: false } })).toBe(
      'approvals_needed',
    );
  });

  test('from whoever submitted it, where that is not wanted', () => {
    const settings = { ...hold, submitterMayResolve: false };
    expect(fault({ vote: 0, reason: 'r' }, { settings, resolver: { by: 'alice', via: 'api' } })).toBe(
      'submitter_may_not_resolve',
    );
    expect(fault({ vote: 0, reason: 'r' }, { settings })).toBeNull();
  });
});

describe('it is decided', () => {
  const approval = (by: string, choice: Approval['choice']): Approval => ({
    by,
    via: 'api',
    at: '',
    reason: 'r',
    choice,
  });
  const after = (...approvals: readonly Approval[]) =>
    decisionOf(approvals.reduce<readonly Approval[]>(withApproval, []), two);

  test('when two different keys decide alike', () => {
    expect(after(approval('olga', { vote: 0 }))).toBeNull();
    expect(after(approval('olga', { vote: 0 }), approval('paul', { vote: 0 }))).toEqual({ vote: 0 });
    expect(after(approval('olga', { answer: 'x' }), approval('paul', { answer: 'x' }))).toEqual({ answer: 'x' });
  });

  test('not by one key twice', () => {
    expect(after(approval('olga', { vote: 0 }), approval('olga', { vote: 0 }))).toBeNull();
  });

  test('not while they differ, and then by the last word of each', () => {
    const differing = [approval('olga', { vote: 0 }), approval('paul', { vote: 2 })];
    expect(after(...differing)).toBeNull();
    expect(after(...differing, approval('olga', { vote: 2 }))).toEqual({ vote: 2 });
    expect(after(approval('olga', { vote: 0 }), approval('paul', { answer: '0' }))).toBeNull();
  });

  test('by those who chose it, and by nobody who chose differently', () => {
    const all = [approval('olga', { vote: 0 }), approval('paul', { vote: 2 }), approval('anna', { vote: 0 })];
    expect(decisionOf(all, two)).toEqual({ vote: 0 });
    expect(atOne(all, { vote: 0 }).map(({ by }) => by)).toEqual(['olga', 'anna']);
  });
});
