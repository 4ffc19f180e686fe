// The text of a document: plain text, Markdown, HTML, PDF and Word, by libraries that are loaded when first needed.

import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** `message`: a sentence for whoever gave the document; never a part of it. */
export class UnreadableDocument extends Error {
  override readonly name = 'UnreadableDocument';
}

type Read = (bytes: Uint8Array) => Promise<string>;

const READERS: Readonly<Record<string, Read>> = {
  '.txt': readPlain,
  '.text': readPlain,
  '.md': readPlain,
  '.markdown': readPlain,
  '.html': readHtml,
  '.htm': readHtml,
  '.pdf': readPdf,
  '.docx': readWord,
};

/** Throws `UnreadableDocument`: one bad document must not hold up the others. */
export async function readDocument(path: string): Promise<string> {
  const ending = extname(path).toLowerCase();
  const read = READERS[ending];
  if (!read) throw new UnreadableDocument(`Files that end in ${ending || 'nothing'} cannot be read.`);
  const text = (await readOr(path, ending, read)).replaceAll(/\r\n?/g, '\n').trim();
  if (text === '') throw new UnreadableDocument(EMPTY[ending] ?? 'There is no text in it.');
  return text;
}

async function readOr(path: string, ending: string, read: Read): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw new UnreadableDocument(`The file could not be opened (${code}).`, { cause: error });
  }
  try {
    return await read(bytes);
  } catch (error) {
    throw new UnreadableDocument(reasonOf(ending, error), { cause: error });
  }
}

const EMPTY: Readonly<Record<string, string>> = {
  '.pdf': 'There is no text in it: its pages may be pictures.',
};

/** The words of a library may quote the document, so they are not passed on. */
function reasonOf(ending: string, error: unknown): string {
  if (error instanceof NotUtf8Error) return 'It is not text in UTF-8.';
  const name = error instanceof Error ? error.name : '';
  if (name === 'PasswordException') return 'It is protected by a password.';
  return `It is not a valid ${ending.slice(1).toUpperCase()} file.`;
}

class NotUtf8Error extends Error {}

async function readPlain(bytes: Uint8Array): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new NotUtf8Error('The bytes are not UTF-8.', { cause: error });
  }
}

async function readHtml(bytes: Uint8Array): Promise<string> {
  const { convert } = await import('html-to-text');
  return convert(await readPlain(bytes), {
    wordwrap: false,
    selectors: [
      { selector: 'a', options: { ignoreHref: true } },
      { selector: 'img', format: 'skip' },
      ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
      { selector: 'table', format: 'dataTable', options: { uppercaseHeaderCells: false } },
    ],
  });
}

/** Page by page, lines as they stand there. Scripts in it never run, and nothing is fetched. */
async function readPdf(bytes: Uint8Array): Promise<string> {
  const { getDocument, VerbosityLevel } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const task = getDocument({
    data: new Uint8Array(bytes),
    isEvalSupported: false,
    useSystemFonts: false,
    verbosity: VerbosityLevel.ERRORS,
  });
  try {
    const pdf = await task.promise;
    const pages: string[] = [];
    for (let number = 1; number <= pdf.numPages; number++) {
      const page = await pdf.getPage(number);
      const { items } = await page.getTextContent();
      pages.push(items.map((item) => ('str' in item ? `${item.str}${item.hasEOL ? '\n' : ''}` : '')).join(''));
      page.cleanup();
    }
    return pages.join('\n\n');
  } finally {
    await task.destroy();
  }
}

async function readWord(bytes: Uint8Array): Promise<string> {
  const { default: mammoth } = await import('mammoth');
  const { value } = await mammoth.extractRawText({ buffer: Buffer.from(bytes) });
  return value;
}
