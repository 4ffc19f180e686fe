// The activities of the floor: one asks the provider with plain `fetch` and joins the text of the stream, and trusts what
// comes; one only tells that it has started.

import { Context } from '@temporalio/activity';

export interface FloorRequest {
  readonly model: string;
  readonly messages: readonly object[];
  readonly stream?: boolean;
}

export interface FloorAnswer {
  readonly text: string;
}

export interface FloorActivities {
  askProvider(request: FloorRequest): Promise<FloorAnswer>;
  tellStart(): Promise<void>;
}

/** @param onStart takes the id of the workflow whose activity `tellStart` has started */
export function floorActivities(providerUrl: string, onStart: (workflowId: string) => void): FloorActivities {
  return {
    async tellStart() {
      onStart(Context.current().info.workflowExecution?.workflowId ?? '');
    },
    async askProvider(request) {
      const response = await fetch(`${providerUrl}/${request.model}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...request, stream: true }),
      });
      if (!response.ok || !response.body) throw new Error(`The provider answered ${response.status}.`);
      return { text: await joinedText(response.body) };
    },
  };
}

async function joinedText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let unread = '';
  for await (const chunk of body) {
    const lines = (unread + decoder.decode(chunk, { stream: true })).split('\n');
    unread = lines.pop() ?? '';
    for (const line of lines) text += textOf(line);
  }
  return text;
}

function textOf(line: string): string {
  if (!line.startsWith('data: {')) return '';
  return JSON.parse(line.slice('data: '.length)).choices[0]?.delta?.content ?? '';
}
