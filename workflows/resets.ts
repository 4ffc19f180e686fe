// Tells whether the run was reset between two points of it: deadlines and the end of a chain depend on that. The SDK
// has no public word for it, so this file, alone, reads one internal: see docs/decisions (2026-11-23, resets).

import { getActivator } from '@temporalio/workflow/lib/global-attributes.js';

/**
 * A mark that stays the same until the run is reset, and differs from then on; the same at each place in every replay.
 * It is the seed of the workflow's random numbers, which Temporal renews at the point of a reset: the server writes
 * that point into the history, so nothing here depends on run ids or on what earlier calls have recorded.
 */
export function resetMark(): string {
  return getActivator().randomnessSeed.join('.');
}

/** The mark with which the run began: this module is loaded for each run anew, before its first task. */
export const firstMark = resetMark();
