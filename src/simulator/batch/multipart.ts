// Reads a form with one file as it comes in, without holding the file: clients send hundreds of megabytes.

export interface Form<T> {
  readonly fields: Readonly<Record<string, string>>;
  readonly file: { readonly name: string; readonly saved: T } | null;
}

/** Null: it is no form, or breaks off. */
export async function readForm<T>(input: {
  readonly contentType: string;
  readonly source: AsyncIterable<Buffer>;
  readonly save: (content: AsyncIterable<Buffer>) => Promise<T>;
}): Promise<Form<T> | null> {
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^;]+))/i.exec(input.contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return null;
  const reader = new Reader(input.source);
  const mark = Buffer.from(`\r\n--${boundary}`);
  const fields: Record<string, string> = {};
  let file: Form<T>['file'] = null;
  await collect(reader.until(mark.subarray(2)));
  while ((await reader.take(2)) === '\r\n') {
    const head = await collect(reader.until(Buffer.from('\r\n\r\n')));
    const name = /[; ]name="([^"]*)"/i.exec(head)?.[1] ?? '';
    const filename = /filename="([^"]*)"/i.exec(head)?.[1];
    if (filename === undefined) fields[name] = await collect(reader.until(mark));
    else file = { name: filename, saved: await input.save(reader.until(mark)) };
  }
  return reader.isBroken ? null : { fields, file };
}

class Reader {
  readonly #source: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);
  /** Ended before what was looked for. */
  isBroken = false;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** What comes before the mark, which is passed over. */
  async *until(mark: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#buffer.indexOf(mark);
      if (at !== -1) {
        if (at > 0) yield this.#buffer.subarray(0, at);
        this.#buffer = this.#buffer.subarray(at + mark.length);
        return;
      }
      // The mark may have begun at the end.
      const safe = this.#buffer.length - mark.length + 1;
      if (safe > 0) {
        yield this.#buffer.subarray(0, safe);
        this.#buffer = this.#buffer.subarray(safe);
      }
      if (!(await this.#pull())) return;
    }
  }

  async take(count: number): Promise<string> {
    while (this.#buffer.length < count && (await this.#pull()));
    const taken = this.#buffer.toString('latin1', 0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }

  async #pull(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done) this.isBroken = true;
    else this.#buffer = Buffer.concat([this.#buffer, next.value]);
    return !next.done;
  }
}

async function collect(source: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
