// The ids of responses: each is its inference's id by another name. Pure.

import { isInferenceId } from '../../domain/ids.ts';

export function responseId(inferenceId: string): string {
  return `resp_${suffixOf(inferenceId)}`;
}

/** Null when no inference can have this id. */
export function inferenceIdOf(response: string): string | null {
  const id = response.replace(/^resp_/, 'inf-');
  return response.startsWith('resp_') && isInferenceId(id) ? id : null;
}

export function messageId(inferenceId: string): string {
  return `msg_${suffixOf(inferenceId)}`;
}

export function functionCallId(inferenceId: string, index: number): string {
  return `fc_${suffixOf(inferenceId)}_${index}`;
}

function suffixOf(inferenceId: string): string {
  return inferenceId.replace(/^inf-/, '');
}
