// A streamed chat completion, as OpenAI's events. Pure.

import type { Served } from '../../domain/line.ts';
import type { Inference, InferenceResult } from '../../domain/inference.ts';
import { chatCompletionOf } from '../chat-completion.ts';
import type { ApiError } from '../errors.ts';
import type { StreamPresenter } from './presenter.ts';

interface Chunk {
  readonly delta: object;
  readonly logprobs?: object | null;
  readonly finishReason?: string | null;
}

export class ChatChunks implements StreamPresenter {
  readonly #id: string;
  readonly #createdAt: string;
  readonly #includesUsage: boolean;
  /** Everything before and after the one text of a chunk: tokens are many. */
  #frame: { readonly before: string; readonly after: string } | null = null;
  #model = '';
  #fingerprint = '';

  constructor(stream: { readonly id: string; readonly createdAt: string; readonly includesUsage: boolean }) {
    this.#id = stream.id;
    this.#createdAt = stream.createdAt;
    this.#includesUsage = stream.includesUsage;
  }

  begin(served: Served): string {
    this.#model = served.model;
    this.#fingerprint = served.target;
    const [before = '', after = ''] = this.#chunk({ delta: { content: PLACE } }).split(JSON.stringify(PLACE));
    this.#frame = { before, after };
    return this.#chunk({ delta: { role: 'assistant', content: '', refusal: null } });
  }

  text(text: string): string {
    if (!this.#frame) throw new Error('Text before the beginning of a stream.');
    return this.#frame.before + JSON.stringify(text) + this.#frame.after;
  }

  end(inference: Inference & { readonly result: InferenceResult }, rest: string): string {
    const { result } = inference;
    const hasBegun = this.#frame !== null;
    const { choices, usage, system_fingerprint: fingerprint } = chatCompletionOf({
      id: this.#id,
      createdAt: this.#createdAt,
      answer: result.answer,
      target: result.target,
    });
    const [choice] = choices;
    if (!choice) throw new Error('A chat completion without a choice.');
    const { message, logprobs, finish_reason: finishReason } = choice;
    const events = hasBegun ? [] : [this.begin({ target: result.target ?? 'person', model: result.answer.model })];
    this.#fingerprint = fingerprint ?? this.#fingerprint;
    if (rest !== '') events.push(this.text(rest));
    if (message.refusal !== null) events.push(this.#chunk({ delta: { refusal: message.refusal } }));
    if (message.tool_calls) {
      const calls = message.tool_calls.map((call, index) => ({ index, ...call }));
      events.push(this.#chunk({ delta: { tool_calls: calls } }));
    }
    // A refusal after half an answer is the end of a half answer.
    const isCut = hasBegun && message.refusal !== null;
    // Of all tokens at once: clients gather them over the chunks.
    events.push(this.#chunk({ delta: {}, logprobs, finishReason: isCut ? 'content_filter' : finishReason }));
    if (this.#includesUsage && usage) events.push(event({ ...this.#head(), choices: [], usage }));
    events.push('data: [DONE]\n\n');
    return events.join('');
  }

  failed(error: ApiError): string {
    return event(error.body);
  }

  #head() {
    const created = Math.floor(Date.parse(this.#createdAt) / 1000);
    const served = { model: this.#model, system_fingerprint: this.#fingerprint };
    return { id: this.#id, object: 'chat.completion.chunk', created, ...served };
  }

  #chunk({ delta, logprobs = null, finishReason = null }: Chunk): string {
    const choice = { index: 0, delta, logprobs, finish_reason: finishReason };
    return event({ ...this.#head(), choices: [choice], ...(this.#includesUsage && { usage: null }) });
  }
}

/** Stands for the text in a chunk that is made once. */
const PLACE = '\u0000text\u0000';

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
