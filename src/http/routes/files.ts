// `/v1/files`, as OpenAI's: upload, list, read, delete. Content goes through in pieces, both ways.

import { Readable } from 'node:stream';
import { z } from 'zod';
import { maySee } from '../auth.ts';
import { errorSchema } from '../error-schema.ts';
import { ApiError } from '../errors.ts';
import { fileListSchema, fileObject, fileSchema, uploadSchema } from '../file-object.ts';
import type { App, HttpContext } from '../http-context.ts';
import { fileNotFound, readOwnFile } from '../own-file.ts';
import { refuseDuringShutdown } from '../start-inference.ts';
import { storeUpload } from '../uploaded-file.ts';

const tags = ['Files'];
const params = z.object({ id: z.string() });

const listQuery = z.object({
  after: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(10_000),
  order: z.enum(['asc', 'desc']).default('desc'),
  purpose: z.string().optional(),
});

export function registerFiles(app: App, { files, maxFileBytes, waiting }: HttpContext): void {
  app.post(
    '/files',
    {
      schema: {
        summary: 'Upload a file',
        description: 'multipart/form-data with the fields `file` and `purpose` (`batch` or `user_data`).',
        tags,
        consumes: ['multipart/form-data'],
        body: uploadSchema,
        response: { 200: fileSchema, default: errorSchema },
      },
      // The form is read and checked as it comes: there is no body to look at before.
      validatorCompiler: () => () => true,
    },
    async (request) => {
      refuseDuringShutdown(waiting);
      if (!request.isMultipart()) {
        const message = 'Files are sent as multipart/form-data.';
        throw new ApiError({ code: 'unsupported_media_type', message, param: 'content-type' });
      }
      const parts = () => request.parts({ limits: { fileSize: maxFileBytes, files: 2, fields: 10 } });
      const { name: owner } = request.caller;
      return fileObject(await storeUpload(files, { parts, owner, limitBytes: maxFileBytes }));
    },
  );

  app.get(
    '/files',
    {
      schema: {
        summary: 'List files',
        tags,
        querystring: listQuery,
        response: { 200: fileListSchema, default: errorSchema },
      },
    },
    async (request) => {
      const { after, limit, order, purpose } = request.query;
      const seen = (await files.list()).filter(
        (file) => maySee(request.caller, file.owner) && (purpose === undefined || file.purpose === purpose),
      );
      const ordered = order === 'desc' ? seen : seen.toReversed();
      const begin = after === undefined ? 0 : ordered.findIndex(({ id }) => id === after) + 1;
      if (after !== undefined && begin === 0) throw fileNotFound(after);
      const data = ordered.slice(begin, begin + limit).map(fileObject);
      const [first, last] = [data[0]?.id ?? null, data.at(-1)?.id ?? null];
      return {
        object: 'list' as const,
        data,
        first_id: first,
        last_id: last,
        has_more: begin + limit < ordered.length,
      };
    },
  );

  app.get(
    '/files/:id',
    {
      schema: {
        summary: 'Read what is known of a file',
        tags,
        params,
        response: { 200: fileSchema, default: errorSchema },
      },
    },
    async (request) => fileObject(await readOwnFile(files, request.params.id, request.caller)),
  );

  app.get(
    '/files/:id/content',
    {
      schema: {
        summary: 'Read the content of a file',
        tags,
        params,
        response: {
          200: {
            description: 'The bytes as they were uploaded.',
            content: { 'application/octet-stream': { schema: z.unknown().meta({ type: 'string', format: 'binary' }) } },
          },
          default: errorSchema,
        },
      },
    },
    async (request, reply) => {
      const { id, bytes } = await readOwnFile(files, request.params.id, request.caller);
      const content = await files.read(id);
      if (!content) throw fileNotFound(id);
      reply.header('content-type', 'application/octet-stream').header('content-length', bytes);
      return reply.send(Readable.from(content, { objectMode: false }));
    },
  );

  app.delete(
    '/files/:id',
    {
      schema: {
        summary: 'Delete a file',
        tags,
        params,
        response: {
          200: z.object({ id: z.string(), object: z.literal('file'), deleted: z.literal(true) }),
          default: errorSchema,
        },
      },
    },
    async (request) => {
      const { id } = await readOwnFile(files, request.params.id, request.caller);
      await files.delete(id);
      return { id, object: 'file' as const, deleted: true as const };
    },
  );
}
