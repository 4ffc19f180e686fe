// What a list of inferences can be filtered by beyond what was known at the start. Each change is an event in the
// history, so none of it happens on the happy path.

import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Target } from '../src/domain/target.ts';

const stateKey = defineSearchAttributeKey('HoldfastState', 'KEYWORD');
const targetKey = defineSearchAttributeKey('HoldfastTarget', 'KEYWORD');
const tagsKey = defineSearchAttributeKey('HoldfastTags', 'KEYWORD_LIST');

/** Tells, in front of a provider's name, for whom an inference waits. `src/temporal/parked-inferences.ts` looks for it. */
const WAITS_FOR = 'waits:';

/** The target that is tried now, other than the chain's first. */
export function showServing(target: string): void {
  upsertSearchAttributes([{ key: targetKey, value: target }]);
}

/** Those who know that one of the targets is back find the inference by its tags. */
export function showWaiting(targets: readonly Target[]): void {
  const providers = new Set(targets.map(({ provider }) => provider));
  const waits = [...providers].map((provider) => `${WAITS_FOR}${provider}`);
  upsertSearchAttributes([
    { key: stateKey, value: 'waiting' },
    { key: tagsKey, value: [...ownTags(), ...waits] },
  ]);
}

/** Waits for a person. */
export function showHeld(): void {
  upsertSearchAttributes([{ key: stateKey, value: 'held' }]);
}

/** Nobody has decided: it waits no more. */
export function showReleased(): void {
  upsertSearchAttributes([{ key: stateKey, value: 'running' }]);
}

/** The waiting is over, and a new round begins at this target. */
export function showResumed(target: string): void {
  const tags = ownTags();
  upsertSearchAttributes([
    { key: stateKey, value: 'running' },
    { key: targetKey, value: target },
    { key: tagsKey, value: tags.length > 0 ? tags : null },
  ]);
}

function ownTags(): string[] {
  const tags = workflowInfo().typedSearchAttributes.get(tagsKey) ?? [];
  return tags.filter((tag) => !tag.startsWith(WAITS_FOR));
}
