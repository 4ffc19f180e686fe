// The server-sent events of OpenAI's responses that Holdfast sends. Types only.

import type {
  FunctionCallItem,
  MessageContent,
  MessageItem,
  ResponseObject,
  TextContent,
} from './response-object-schema.ts';

interface InItem {
  readonly item_id: string;
  readonly output_index: number;
}

interface InContent extends InItem {
  readonly content_index: 0;
}

interface OfItem {
  readonly output_index: number;
  readonly item: MessageItem | FunctionCallItem;
}

interface OfContent extends InContent {
  readonly part: MessageContent;
}

interface Logprobs {
  readonly logprobs: TextContent['logprobs'];
}

/** Each is sent with its `sequence_number`. */
export type ResponseEvent =
  | {
      readonly type:
        | 'response.created'
        | 'response.in_progress'
        | 'response.completed'
        | 'response.incomplete'
        | 'response.failed';
      readonly response: ResponseObject;
    }
  | ({ readonly type: 'response.output_item.added' | 'response.output_item.done' } & OfItem)
  | ({ readonly type: 'response.content_part.added' | 'response.content_part.done' } & OfContent)
  | ({ readonly type: 'response.output_text.delta'; readonly delta: string } & InContent & Logprobs)
  | ({ readonly type: 'response.output_text.done'; readonly text: string } & InContent & Logprobs)
  | ({ readonly type: 'response.refusal.delta'; readonly delta: string } & InContent)
  | ({ readonly type: 'response.refusal.done'; readonly refusal: string } & InContent)
  | ({ readonly type: 'response.function_call_arguments.delta'; readonly delta: string } & InItem)
  | ({
      readonly type: 'response.function_call_arguments.done';
      readonly name: string;
      readonly arguments: string;
    } & InItem)
  | {
      readonly type: 'error';
      readonly code: string;
      readonly message: string;
      readonly param: string | null;
      /** The same once more where the official clients look for it, and throw it. */
      readonly error: object;
    };
