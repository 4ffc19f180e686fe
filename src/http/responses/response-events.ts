// A response as OpenAI's events, from what happens to its inference. Pure: whoever has the line tells it what happens, in
// order, and sends what it returns. Never says that an answer is whole which is not the one that was sent.

import type { Inference } from '../../domain/inference.ts';
import type { ApiError } from '../errors.ts';
import { streamInterrupted } from '../errors.ts';
import type { ResponseEvent, ResponseEventBody } from './response-event.ts';
import type { FunctionCallItem, MessageContent, MessageItem } from './response-object-schema.ts';
import type { ResponseParts } from './response-object.ts';
import { messageItem, responseObject, textContent } from './response-object.ts';
import { messageId } from './response-id.ts';

export type StreamStep =
  /** Said first. */
  | { readonly type: 'started' }
  /** More of the text of the answer. */
  | { readonly type: 'text'; readonly text: string }
  /** Said last: what has not been sent of its answer is sent now. */
  | { readonly type: 'ended'; readonly inference: Inference }
  /** Said last, instead: nobody can tell this client the rest. */
  | { readonly type: 'interrupted'; readonly error: ApiError };

export class ResponseEvents {
  readonly #parts: ResponseParts;
  #sent = '';
  #sequenceNumber = 0;

  /** With the inference as it was started. */
  constructor(parts: ResponseParts) {
    this.#parts = parts;
  }

  after(step: StreamStep): readonly ResponseEvent[] {
    return this.#bodiesAfter(step).map((body) => ({ ...body, sequence_number: this.#sequenceNumber++ }));
  }

  #bodiesAfter(step: StreamStep): readonly ResponseEventBody[] {
    switch (step.type) {
      case 'started':
        return this.#opening();
      case 'text':
        return step.text === '' ? [] : this.#text(step.text);
      case 'ended':
        return this.#ending(step.inference);
      case 'interrupted':
        return [errorEvent(step.error)];
    }
  }

  /** Whoever joins one that has ended sees it begin all the same. */
  #opening(): readonly ResponseEventBody[] {
    const inference: Inference = { ...this.#parts.inference, status: 'running', result: null, failure: null };
    const response = responseObject({ ...this.#parts, inference });
    return [
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
    ];
  }

  #text(delta: string): readonly ResponseEventBody[] {
    const opening = this.#sent === '' ? this.#openMessage(textContent('')) : [];
    this.#sent += delta;
    return [...opening, { type: 'response.output_text.delta', ...this.#inMessage, delta, logprobs: [] }];
  }

  get #inMessage() {
    return { item_id: messageId(this.#parts.inference.id), output_index: 0, content_index: 0 } as const;
  }

  #openMessage(part: MessageContent): readonly ResponseEventBody[] {
    return [
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: messageItem(this.#parts.inference.id, 'in_progress', []),
      },
      { type: 'response.content_part.added', ...this.#inMessage, part },
    ];
  }

  #ending(inference: Inference): readonly ResponseEventBody[] {
    const response = responseObject({ ...this.#parts, inference });
    const { answer } = inference.result ?? {};
    if (!answer) return [{ type: 'response.failed', response }];
    const text = answer.refusal === null ? (answer.text ?? '') : '';
    if (!text.startsWith(this.#sent)) return [errorEvent(streamInterrupted(inference.id))];
    const items = response.output.flatMap((item, index) =>
      item.type === 'message' ? this.#message(item) : functionCall(item, index),
    );
    return [
      ...items,
      { type: response.status === 'incomplete' ? 'response.incomplete' : 'response.completed', response },
    ];
  }

  #message(item: MessageItem): readonly ResponseEventBody[] {
    const place = this.#inMessage;
    const [part] = item.content;
    if (!part) return [];
    return [
      ...(part.type === 'refusal' ? this.#refusal(part.refusal) : this.#restOf(part.text)),
      { type: 'response.content_part.done', ...place, part },
      { type: 'response.output_item.done', output_index: 0, item },
    ];
  }

  #restOf(text: string): readonly ResponseEventBody[] {
    const rest = text.slice(this.#sent.length);
    return [
      ...(rest === '' ? [] : this.#text(rest)),
      { type: 'response.output_text.done', ...this.#inMessage, text, logprobs: [] },
    ];
  }

  #refusal(refusal: string): readonly ResponseEventBody[] {
    const place = this.#inMessage;
    return [
      ...this.#openMessage({ type: 'refusal', refusal: '' }),
      { type: 'response.refusal.delta', ...place, delta: refusal },
      { type: 'response.refusal.done', ...place, refusal },
    ];
  }
}

function functionCall(item: FunctionCallItem, index: number): readonly ResponseEventBody[] {
  const place = { item_id: item.id, output_index: index };
  return [
    {
      type: 'response.output_item.added',
      output_index: index,
      item: { ...item, arguments: '', status: 'in_progress' },
    },
    { type: 'response.function_call_arguments.delta', ...place, delta: item.arguments },
    { type: 'response.function_call_arguments.done', ...place, name: item.name, arguments: item.arguments },
    { type: 'response.output_item.done', output_index: index, item },
  ];
}

function errorEvent({ body: { error } }: ApiError): ResponseEventBody {
  const { code, message, param } = error;
  return { type: 'error', code, message, param, error };
}
