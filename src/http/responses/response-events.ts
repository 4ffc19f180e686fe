// A streamed response, as OpenAI's events. Pure. Never says that an answer is whole which is not the one that was sent.

import type { Served } from '../../domain/line.ts';
import type { Inference, InferenceResult } from '../../domain/inference.ts';
import { ApiError } from '../errors.ts';
import type { StreamPresenter } from '../streams/presenter.ts';
import type { ResponseEvent } from './response-event.ts';
import { messageId } from './response-id.ts';
import type { FunctionCallItem, MessageContent, MessageItem } from './response-object-schema.ts';
import type { ResponseParts } from './response-object.ts';
import { messageItem, responseObject, textContent } from './response-object.ts';

export class ResponseEvents implements StreamPresenter {
  readonly #parts: ResponseParts;
  readonly #inMessage: { readonly item_id: string; readonly output_index: 0; readonly content_index: 0 };
  #sequenceNumber = 0;
  #hasBegun = false;
  #hasText = false;

  /** With the inference as it was started. */
  constructor(parts: ResponseParts) {
    this.#parts = parts;
    this.#inMessage = { item_id: messageId(parts.inference.id), output_index: 0, content_index: 0 };
  }

  /** One in the background is polled by its id, whatever becomes of the stream. */
  open(): string {
    return this.#parts.memo.background ? this.#begin(this.#parts.inference.memo.model) : '';
  }

  begin({ model }: Served): string {
    return this.#hasBegun ? '' : this.#begin(model);
  }

  #begin(model: string): string {
    this.#hasBegun = true;
    // Whoever joins one that has ended sees it begin all the same.
    const inference: Inference = { ...this.#parts.inference, status: 'running', result: null, failure: null };
    const response = { ...responseObject({ ...this.#parts, inference }), model };
    return this.#written([
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
    ]);
  }

  text(delta: string): string {
    const opening = this.#hasText ? '' : this.#written(this.#openMessage(textContent('')));
    this.#hasText = true;
    return opening + this.#written([{ type: 'response.output_text.delta', ...this.#inMessage, delta, logprobs: [] }]);
  }

  end(inference: Inference & { readonly result: InferenceResult }, rest: string): string {
    const { id } = inference;
    const { model, refusal } = inference.result.answer;
    const opening = this.#hasBegun ? '' : this.#begin(model);
    if (this.#hasText && refusal !== null) return this.failed(refusedLate(id));
    const text = rest === '' ? '' : this.text(rest);
    const response = responseObject({ ...this.#parts, inference });
    const items = response.output.flatMap((item, index) =>
      item.type === 'message' ? this.#endOfMessage(item) : functionCall(item, index),
    );
    const type = response.status === 'incomplete' ? 'response.incomplete' : 'response.completed';
    return opening + text + this.#written([...items, { type, response }]);
  }

  failed({ body: { error } }: ApiError): string {
    const { code, message, param } = error;
    return this.#written([{ type: 'error', code, message, param, error }]);
  }

  #openMessage(part: MessageContent): readonly ResponseEvent[] {
    const item = messageItem(this.#parts.inference.id, 'in_progress', []);
    return [
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.content_part.added', ...this.#inMessage, part },
    ];
  }

  #endOfMessage(item: MessageItem): readonly ResponseEvent[] {
    const [part] = item.content;
    if (!part) return [];
    return [
      ...(part.type === 'refusal'
        ? this.#refusal(part.refusal)
        : [
            {
              type: 'response.output_text.done',
              ...this.#inMessage,
              text: part.text,
              logprobs: part.logprobs,
            } as const,
          ]),
      { type: 'response.content_part.done', ...this.#inMessage, part },
      { type: 'response.output_item.done', output_index: 0, item },
    ];
  }

  #refusal(refusal: string): readonly ResponseEvent[] {
    return [
      ...this.#openMessage({ type: 'refusal', refusal: '' }),
      { type: 'response.refusal.delta', ...this.#inMessage, delta: refusal },
      { type: 'response.refusal.done', ...this.#inMessage, refusal },
    ];
  }

  #written(events: readonly ResponseEvent[]): string {
    return events
      .map((event) => {
        const data = JSON.stringify({ ...event, sequence_number: this.#sequenceNumber++ });
        return `event: ${event.type}\ndata: ${data}\n\n`;
      })
      .join('');
  }
}

function functionCall(item: FunctionCallItem, index: number): readonly ResponseEvent[] {
  const place = { item_id: item.id, output_index: index };
  const begun: FunctionCallItem = { ...item, arguments: '', status: 'in_progress' };
  return [
    { type: 'response.output_item.added', output_index: index, item: begun },
    { type: 'response.function_call_arguments.delta', ...place, delta: item.arguments },
    { type: 'response.function_call_arguments.done', ...place, name: item.name, arguments: item.arguments },
    { type: 'response.output_item.done', output_index: index, item },
  ];
}

/** A refusal is an answer of its own, and not the end of another one. */
function refusedLate(id: string): ApiError {
  return new ApiError({
    code: 'stream_interrupted',
    message: `The model refused after a part of its answer had been sent: GET /v1/inferences/${id} tells how it ended.`,
    inferenceId: id,
  });
}
