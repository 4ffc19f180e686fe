// What can be asked of a running inference. Shared with the client, which imports it as types only.

import { defineQuery } from '@temporalio/workflow';
import type { CallRecord } from '../src/domain/call.ts';

export interface Progress {
  readonly calls: readonly CallRecord[];
}

export const progressQuery = defineQuery<Progress>('progress');
