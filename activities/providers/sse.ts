// Server-sent events: splits a stream into the data of its events. Must not know any wire's contents.

import type { EventDecoder } from './vendor.ts';

export class SseDecoder implements EventDecoder {
  readonly isBinary = false;
  readonly #decoder = new TextDecoder();
  readonly #splitter = new EventSplitter();

  push(piece: Uint8Array): readonly string[] {
    return this.#splitter.push(this.#decoder.decode(piece, { stream: true }));
  }

  rest(): string | null {
    return this.#splitter.rest();
  }
}

/** Splits text that comes in arbitrary pieces; comments, event names and ids are of no use to us and are dropped. */
export class EventSplitter {
  #buffer = '';
  #data: string | null = null;

  /** The data of the events that this piece completes. */
  push(text: string): readonly string[] {
    const events: string[] = [];
    this.#buffer = this.#buffer === '' ? text : this.#buffer + text;
    let start = 0;
    for (let end = this.#buffer.indexOf('\n'); end !== -1; end = this.#buffer.indexOf('\n', start)) {
      const line = this.#buffer.slice(start, this.#buffer[end - 1] === '\r' && end > start ? end - 1 : end);
      start = end + 1;
      if (line === '') this.#dispatch(events);
      else this.#line(line);
    }
    this.#buffer = this.#buffer.slice(start);
    return events;
  }

  /** The data of an event whose closing blank line never came. */
  rest(): string | null {
    if (this.#buffer !== '') this.#line(this.#buffer);
    this.#buffer = '';
    const data = this.#data;
    this.#data = null;
    return data;
  }

  #line(line: string): void {
    if (!line.startsWith('data:')) return;
    const value = line.slice(line[5] === ' ' ? 6 : 5);
    this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
  }

  #dispatch(events: string[]): void {
    if (this.#data !== null) events.push(this.#data);
    this.#data = null;
  }
}

/** One event as text again. */
export function sseEvent(data: string): string {
  return `data: ${data}\n\n`;
}

/** The JSON object in an event's data, or null. */
export function parseEvent(data: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(data);
    return isRecord(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
