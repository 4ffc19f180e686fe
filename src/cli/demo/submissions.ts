// The demo's inferences: submits documents, waits for what becomes of them, and tells both as the API says it.

import type { CallView, InferenceView } from '../api-client.ts';
import type { Client } from './client.ts';
import type { Document } from './documents.ts';
import type { Narrator } from './narrator.ts';
import { MODELS } from './providers.ts';
import { answerOf, endOf } from './tally.ts';

/** How a document is submitted; the usual way when left out. */
export interface Manner {
  /** The name of a model entry. @default the chain */
  readonly model?: string;
  /** @default the provider's own limit */
  readonly maxTokens?: number;
}

export interface Submissions {
  /** Of every inference that the API accepted. */
  readonly ids: readonly string[];
  submit(document: Document, manner?: Manner): Promise<string>;
  /** Waits until it has ended. */
  ending(document: Document, id: string): Promise<void>;
  /** Submits them all, then waits until all have ended. */
  run(documents: readonly Document[], manner?: Manner): Promise<void>;
}

export function createSubmissions(client: Client, narrator: Narrator): Submissions {
  const ids: string[] = [];

  async function submit(document: Document, manner: Manner = {}): Promise<string> {
    const { id } = await client.submit(requestBody(document, manner));
    ids.push(id);
    narrator.event('→', `${label(document)} submitted as ${id}`);
    return id;
  }

  async function ending(document: Document, id: string): Promise<void> {
    const inference = await client.ended(id);
    narrator.event(answerOf(inference) === null ? '✗' : '✓', `${label(document)} ${endingText(inference)}`);
  }

  return {
    ids,
    submit,
    ending,
    async run(documents, manner) {
      const submitted: (readonly [Document, string])[] = [];
      for (const document of documents) submitted.push([document, await submit(document, manner)]);
      await Promise.all(submitted.map(([document, id]) => ending(document, id)));
    },
  };
}

function requestBody(document: Document, manner: Manner): Readonly<Record<string, unknown>> {
  const { model = MODELS.chain, maxTokens } = manner;
  return {
    model,
    messages: [
      {
        role: 'user',
        content: `Summarize this document in three bullet points.\n\n${document.text}`,
      },
    ],
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    metadata: { document: document.name },
  };
}

function label({ number, name }: Document): string {
  return `${number} ${name}`;
}

function endingText(inference: InferenceView): string {
  const failed = inference.calls.filter((call) => call.outcome !== 'succeeded').map(failedText);
  const counted = [...new Set(failed)].map((text) => {
    const times = failed.filter((other) => other === text).length;
    return times === 1 ? text : `${times}× ${text}`;
  });
  const trail = counted.join(', ');
  if (answerOf(inference) === null) return `${inference.status}: ${trail}`;
  return `answered by ${inference.target}${trail === '' ? '' : `, after ${trail}`}`;
}

function failedText(call: CallView): string {
  const [provider] = call.target.split('/');
  return `${endOf(call)} at ${provider}${call.possibly_billed ? ' (possibly billed)' : ''}`;
}
