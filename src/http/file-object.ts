// A file as OpenAI's API shows it.

import { z } from 'zod';
import type { StoredFile } from '../domain/files.ts';

export const fileSchema = z
  .object({
    id: z.string(),
    object: z.literal('file'),
    bytes: z.int(),
    created_at: z.int(),
    filename: z.string(),
    purpose: z.enum(['batch', 'batch_output', 'user_data']),
    status: z.literal('processed'),
  })
  .meta({ id: 'File' });

/** For the documents only: an upload is never held as a whole. */
export const uploadSchema = z.object({ file: z.file(), purpose: z.enum(['batch', 'user_data']) });

export const fileListSchema = z.object({
  object: z.literal('list'),
  data: z.array(fileSchema),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
});

export function fileObject({ id, bytes, createdAt, filename, purpose }: StoredFile): z.output<typeof fileSchema> {
  const created = Math.floor(Date.parse(createdAt) / 1000);
  return { id, object: 'file', bytes, created_at: created, filename, purpose, status: 'processed' };
}
