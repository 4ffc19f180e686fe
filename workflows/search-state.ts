// What a list of inferences can be filtered by beyond what was known at the start. Each change is an event in the
// history, so none of it happens on the happy path.

import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';

const stateKey = defineSearchAttributeKey('HoldfastState', 'KEYWORD');
const targetKey = defineSearchAttributeKey('HoldfastTarget', 'KEYWORD');

/** The target that is tried now, other than the chain's first. */
export function showServing(target: string): void {
  upsertSearchAttributes([{ key: targetKey, value: target }]);
}

export function showWaiting(): void {
  upsertSearchAttributes([{ key: stateKey, value: 'waiting' }]);
}

/** The waiting is over, and a new round begins at the first target. */
export function showResumed(target: string): void {
  upsertSearchAttributes([
    { key: stateKey, value: 'running' },
    { key: targetKey, value: target },
  ]);
}
