// Real documents of every type that is read, and of every kind that cannot be. Made with fpdf2, reportlab and python-docx.

import { execFileSync } from 'node:child_process';
import { mkdtemp, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { DocumentReader } from '../../src/documents/read-document.ts';

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const reader = new DocumentReader();
afterAll(() => reader.end());

describe('what is read', () => {
  test('text and Markdown are as they are', async () => {
    expect(await reader.read(fixture('letter.txt'))).toBe('Dear Ms. Berger,\n\nwe confirm.');
    expect(await reader.read(fixture('notes.md'))).toBe(
      '# Minutes\n\n- Budget **approved**.\n- Next meeting on Monday.',
    );
  });

  test('text that is not UTF-8 is read all the same', async () => {
    expect(await reader.read(fixture('latin1.txt'))).toBe('Straße und Café');
    expect(await reader.read(fixture('utf16.txt'))).toBe('Grüße');
  });

  test('HTML gives what a reader sees, without scripts, styles and addresses', async () => {
    const text = await reader.read(fixture('page.html'));
    expect(text).toMatch(/^Offer 17\n\nWe offer twelve chairs\.\n\nItem +Price\nChair +80 EUR$/);
  });

  test('PDF gives its pages, a paragraph apart', async () => {
    const text = await reader.read(fixture('lease.pdf'));
    expect(text).toContain('The rent is 1,250 EUR a month, due on the first working day.');
    expect(text).toMatch(/^Lease agreement\n[^]*\n\nSigned by Anna Berger and Omar Haddad\.$/);
  });

  test('PDF in a script that has its characters in tables gives them', async () => {
    expect(await reader.read(fixture('japanese.pdf'))).toBe('患者の診断書です。');
  });

  test('HTML is read to its end, however long it is', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'holdfast-')), 'long.html');
    await writeFile(path, `<p>First.</p><!-- ${'x'.repeat(17_000_000)} --><p>Last.</p>`);
    expect(await reader.read(path)).toBe('First.\n\nLast.');
  });

  test('PDF gives what is filled into a form', async () => {
    expect(await reader.read(fixture('form.pdf'))).toBe('Name of the tenant:\ntenant: Anna Berger\npets: Yes');
  });

  test('Word gives headings, lists and tables, and no pictures', async () => {
    const text = await reader.read(fixture('report.docx'));
    expect(text).toMatch(
      /^Quarterly report\n\nRevenue grew to 4\.2 million\.\n\n \* First point\n \* Second point\n\nRegion\s+Sales\s+North\s+12$/,
    );
  });
});

describe('what cannot be read says why, and never what it says', () => {
  test.each([
    ['locked.pdf', 'It is protected by a password.'],
    ['scan.pdf', 'There is no text in it: its pages may be pictures.'],
    ['damaged.pdf', 'It is not a valid PDF file.'],
    ['damaged.docx', 'It is not a valid DOCX file.'],
    ['empty.txt', 'There is no text in it.'],
    ['binary.txt', 'It is not text.'],
    ['absent.txt', 'The file could not be opened (ENOENT).'],
    ['table.xlsx', 'Files that end in .xlsx cannot be read.'],
    ['Makefile', 'Files that end in nothing cannot be read.'],
  ])('%s', async (name, message) => {
    await expect(reader.read(fixture(name))).rejects.toMatchObject({ name: 'UnreadableDocument', message });
  });

  test('a file that is too large is not even opened', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'holdfast-')), 'large.txt');
    await writeFile(path, '');
    await truncate(path, 100_000_001);
    await expect(reader.read(path)).rejects.toThrow('It is larger than 100 MB.');
  });
});

describe('a document that would take everything', () => {
  test('by its memory ends with its process, and the next one is read', async () => {
    const small = new DocumentReader({ maxMemoryMb: 64 });
    await expect(small.read(fixture('bomb.docx'))).rejects.toThrow('It takes too much time or memory to read.');
    expect(await small.read(fixture('letter.txt'))).toContain('we confirm');
    small.end();
  });

  test('by memory that is not of the heap as well', async () => {
    const small = new DocumentReader({ maxMemoryMb: 128 });
    const path = join(await mkdtemp(join(tmpdir(), 'holdfast-')), 'bomb.pdf');
    await writeFile(path, pdfOf(deflateSync(Buffer.alloc(250_000_000, ' '))));
    await expect(small.read(path)).rejects.toThrow('It takes too much time or memory to read.');
    small.end();
  });

  test('by its time as well', async () => {
    const quick = new DocumentReader({ limitMs: 300 });
    await expect(quick.read(fixture('bomb.docx'))).rejects.toThrow('It takes too much time or memory to read.');
    quick.end();
  });
});

describe('the process that reads', () => {
  test('has nothing of what the service has in its environment', async () => {
    vi.stubEnv('NODE_OPTIONS', '--no-such-option');
    const sheltered = new DocumentReader();
    expect(await sheltered.read(fixture('letter.txt'))).toContain('we confirm');
    sheltered.end();
    vi.unstubAllEnvs();
  });

  test('is another one when it has ended between two documents', async () => {
    const before = readingProcesses();
    const lasting = new DocumentReader();
    await lasting.read(fixture('letter.txt'));
    for (const id of readingProcesses()) if (!before.includes(id)) process.kill(id, 'SIGKILL');
    await vi.waitFor(() => expect(readingProcesses()).toEqual(before));
    expect(await lasting.read(fixture('letter.txt'))).toContain('we confirm');
    lasting.end();
  });
});

/** Ours only. */
function readingProcesses(): readonly number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=', '-o', 'ppid=', '-o', 'command=']).toString().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...command]) => parent === String(process.pid) && command.join(' ').includes('reading-process'))
    .map(([id]) => Number(id));
}

/** One page of these drawing commands. It has no table of its objects, which readers then look for. */
function pdfOf(deflated: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(
      `%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>> endobj
4 0 obj <</Length ${deflated.length}/Filter/FlateDecode>> stream
`,
    ),
    deflated,
    Buffer.from('\nendstream endobj\ntrailer <</Size 5/Root 1 0 R>>\n%%EOF'),
  ]);
}
