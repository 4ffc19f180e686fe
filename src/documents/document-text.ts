// The text of a document: plain text, Markdown, HTML, PDF and Word, by libraries that are loaded when first needed. No script
// in a document runs, and nothing that it refers to is fetched.

import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRecord } from '../domain/json-value.ts';

/** `message`: a sentence for whoever gave the document; never a part of it. */
export class UnreadableDocument extends Error {
  override readonly name = 'UnreadableDocument';
}

type Read = (bytes: Uint8Array) => Promise<string> | string;

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

const MAX_BYTES = 100_000_000;

/** Throws `UnreadableDocument`: one bad document must not hold up the others. */
export async function textOf(path: string): Promise<string> {
  const ending = extname(path).toLowerCase();
  const read = READERS[ending];
  if (!read) throw new UnreadableDocument(`Files that end in ${ending || 'nothing'} cannot be read.`);
  const bytes = await bytesOf(path);
  let text: string;
  try {
    text = (await read(bytes))
      .replaceAll(/\r\n?/g, '\n')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trim();
  } catch (error) {
    throw new UnreadableDocument(reasonOf(ending, error), { cause: error });
  }
  if (text === '') throw new UnreadableDocument(ending === '.pdf' ? PICTURES : 'There is no text in it.');
  return text;
}

const PICTURES = 'There is no text in it: its pages may be pictures.';

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new UnreadableDocument(`It is larger than ${MAX_BYTES / 1_000_000} MB.`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof UnreadableDocument) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw new UnreadableDocument(`The file could not be opened (${code}).`, { cause: error });
  }
}

/** The words of a library may quote the document, so they are not passed on. */
function reasonOf(ending: string, error: unknown): string {
  if (error instanceof UnreadableDocument) return error.message;
  const name = error instanceof Error ? error.name : '';
  if (name === 'PasswordException') return 'It is protected by a password.';
  return `It is not a valid ${ending.slice(1).toUpperCase()} file.`;
}

/** UTF-8, UTF-16 that says so, else what Windows wrote in western Europe before there was either. */
function readPlain(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (bytes.includes(0)) throw new UnreadableDocument('It is not text.', { cause: error });
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

async function readHtml(bytes: Uint8Array): Promise<string> {
  return textOfHtml(readPlain(bytes));
}

async function textOfHtml(html: string): Promise<string> {
  const { convert } = await import('html-to-text');
  return convert(html, {
    wordwrap: false,
    // By default it cuts what is longer than 16 million characters. How large a file may be is `MAX_BYTES`.
    limits: { maxInputLength: Number.POSITIVE_INFINITY },
    selectors: [
      { selector: 'a', options: { ignoreHref: true } },
      { selector: 'img', format: 'skip' },
      ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
      { selector: 'table', format: 'dataTable', options: { uppercaseHeaderCells: false } },
    ],
  });
}

/** Page by page, lines as they stand there. */
async function readPdf(bytes: Uint8Array): Promise<string> {
  const { getDocument, VerbosityLevel } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const task = getDocument({
    data: new Uint8Array(bytes),
    // Without these tables most PDFs in Chinese, Japanese and Korean have no text.
    cMapUrl: fileURLToPath(new URL('../../cmaps/', import.meta.resolve('pdfjs-dist/legacy/build/pdf.mjs'))),
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
      const lines = items.map((item) => ('str' in item ? `${item.str}${item.hasEOL ? '\n' : ''}` : '')).join('');
      pages.push([lines, ...fieldsOf(await page.getAnnotations())].join('\n'));
      page.cleanup();
    }
    return pages.join('\n\n');
  } finally {
    await task.destroy();
  }
}

/** What is filled in where the page is a form: it is not part of the page's text. */
function fieldsOf(annotations: readonly unknown[]): readonly string[] {
  return annotations.flatMap((annotation) => {
    if (!isRecord(annotation) || typeof annotation['fieldName'] !== 'string') return [];
    const value = annotation['fieldValue'];
    const values = Array.isArray(value) ? value : [value];
    const given = values.filter((one) => typeof one === 'string' && one !== '').join(', ');
    return given === '' ? [] : [`${annotation['fieldName']}: ${given}`];
  });
}

/** By way of HTML, so that tables and lists stay what they are. */
async function readWord(bytes: Uint8Array): Promise<string> {
  const { default: mammoth } = await import('mammoth');
  const none = mammoth.images.imgElement(() => Promise.resolve({ src: '' }));
  const { value } = await mammoth.convertToHtml({ buffer: Buffer.from(bytes) }, { convertImage: none });
  return textOfHtml(value);
}
