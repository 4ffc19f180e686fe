// Reads one JSON value as models write it, and gives it back as plain JSON: the text of every value stays as it is. What
// is taken is what can mean only one thing; nothing is closed, added, retyped or guessed. Grammar only: no fences, no prose.

export type LenientRead =
  | {
      readonly type: 'value';
      /** Plain JSON. */
      readonly json: string;
      /** Index behind the value. */
      readonly end: number;
    }
  /** The text ended within the value. `isBegun`: more of it was there than its bracket. */
  | { readonly type: 'open'; readonly isBegun: boolean }
  | { readonly type: 'none' };

/** An object or a list that begins at `start`. */
export function readLenientJson(text: string, start: number): LenientRead {
  const reader = new Reader(text, start);
  const json = reader.container(0);
  if (json !== null) return { type: 'value', json, end: reader.at };
  return reader.isAtEnd ? { type: 'open', isBegun: reader.tokens > 1 } : { type: 'none' };
}

/** Deeper than any answer; what is below it is read by recursion. */
const MAX_DEPTH = 500;

/** Each method returns null where the text is not what it reads; `at` then stands where that was seen. */
class Reader {
  at: number;
  tokens = 0;
  readonly #text: string;

  constructor(text: string, start: number) {
    this.#text = text;
    this.at = start;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  container(depth: number): string | null {
    const open = this.#text[this.at];
    if ((open !== '{' && open !== '[') || depth > MAX_DEPTH) return null;
    const close = open === '{' ? '}' : ']';
    const parts: string[] = [];
    this.#take(1);
    for (;;) {
      if (!this.#skip()) return null;
      if (this.#text[this.at] === close) break;
      const part = open === '{' ? this.#member(depth) : this.#value(depth);
      if (part === null || !this.#skip()) return null;
      parts.push(part);
      if (this.#text[this.at] === close) break;
      if (this.#text[this.at] !== ',') return null;
      this.#take(1);
    }
    this.#take(1);
    return `${open}${parts.join(',')}${close}`;
  }

  #member(depth: number): string | null {
    const key = this.#string();
    if (key === null || !this.#skip() || this.#text[this.at] !== ':') return null;
    this.#take(1);
    if (!this.#skip()) return null;
    const value = this.#value(depth);
    return value === null ? null : `${key}:${value}`;
  }

  #value(depth: number): string | null {
    const first = this.#text[this.at];
    if (first === '{' || first === '[') return this.container(depth + 1);
    return first === '"' || first === "'" ? this.#string() : this.#scalar();
  }

  /** A number or a word, which ends where something else begins. */
  #scalar(): string | null {
    SCALAR.lastIndex = this.at;
    const word = SCALAR.exec(this.#text)?.[0] ?? '';
    // At the end of the text there may have been more of it.
    if (this.at + word.length >= this.#text.length) this.at = this.#text.length;
    const json = NUMBER.test(word) ? word : WORDS.get(word);
    if (json === undefined || this.isAtEnd) return null;
    this.#take(word.length);
    return json;
  }

  #string(): string | null {
    const quote = this.#text[this.at];
    if (quote !== '"' && quote !== "'") return null;
    let json = '"';
    for (let index = this.at + 1; ; index++) {
      const character = this.#text[index];
      if (character === undefined) {
        this.at = this.#text.length;
        return null;
      }
      if (character === quote) {
        this.#take(index + 1 - this.at);
        return `${json}"`;
      }
      if (character === '\\') {
        ESCAPE.lastIndex = index;
        const escape = ESCAPE.exec(this.#text)?.[0];
        if (escape === undefined) {
          // Half an escape at the end of the text is a cut, anything else is not JSON's.
          this.at = index + MAX_ESCAPE >= this.#text.length ? this.#text.length : index;
          return null;
        }
        const mapped = quote === "'" ? SINGLE_QUOTED.get(escape) : escape === "\\'" ? null : escape;
        if (mapped === null) {
          this.at = index;
          return null;
        }
        json += mapped ?? escape;
        index += escape.length - 1;
      } else if (character === '"') json += '\\"';
      else if (character >= ' ') json += character;
      else {
        const escaped = RAW.get(character);
        if (escaped === undefined) {
          this.at = index;
          return null;
        }
        json += escaped;
      }
    }
  }

  #take(length: number): void {
    this.at += length;
    this.tokens++;
  }

  /** White space and comments; false at the end of the text. */
  #skip(): boolean {
    for (;;) {
      SPACE.lastIndex = this.at;
      this.at += SPACE.exec(this.#text)?.[0].length ?? 0;
      if (this.#text[this.at] !== '/') return !this.isAtEnd;
      const isLine = this.#text[this.at + 1] === '/';
      if (!isLine && this.#text[this.at + 1] !== '*') return true;
      const end = this.#text.indexOf(isLine ? '\n' : '*/', this.at + 2);
      this.at = end === -1 ? this.#text.length : end + (isLine ? 1 : 2);
    }
  }
}

const SPACE = /[ \t\r\n]*/y;
const SCALAR = /[^\s,:{}[\]"'/]*/y;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const WORDS = new Map([
  ['true', 'true'],
  ['false', 'false'],
  ['null', 'null'],
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
]);
const ESCAPE = /\\(?:["'\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const MAX_ESCAPE = 5;
/** What JSON does not say so; null: what Python and JavaScript read differently. */
const SINGLE_QUOTED = new Map([
  ["\\'", "'"],
  ['\\/', null],
]);
/** Line breaks and tabs that JSON wants to be escaped. */
const RAW = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);
