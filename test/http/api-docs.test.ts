import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serverWithoutTemporal } from './server-without-temporal.ts';

const { app } = await serverWithoutTemporal();

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly unknown[];
  readonly responses: Readonly<Record<string, unknown>>;
  readonly requestBody?: unknown;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

describe('/openapi.json', async () => {
  const document = (await app.inject('/openapi.json')).json<{
    readonly openapi: string;
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
  }>();
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );

  test('describes every route, and none that is not there', () => {
    expect(new Set(operations.map(({ name }) => name))).toEqual(
      new Set([
        'DELETE /v1/files/{id}',
        'GET /healthz',
        'GET /readyz',
        'GET /v1/files',
        'GET /v1/files/{id}',
        'GET /v1/files/{id}/content',
        'DELETE /v1/analysis_schedules/{name}',
        'GET /v1/analyses/{id}',
        'GET /v1/analysis_schedules',
        'GET /v1/analysis_schedules/{name}',
        'POST /v1/analyses',
        'POST /v1/analyses/{id}/cancel',
        'PUT /v1/analysis_schedules/{name}',
        'GET /v1/batches',
        'GET /v1/batches/{id}',
        'GET /v1/inferences',
        'GET /v1/inferences/{id}',
        'GET /v1/models',
        'GET /v1/models/{id}',
        'GET /v1/responses/{id}',
        'GET /v1/targets',
        'POST /v1/batches',
        'POST /v1/batches/{id}/cancel',
        'POST /v1/chat/completions',
        'POST /v1/embeddings',
        'POST /v1/files',
        'POST /v1/inferences',
        'POST /v1/inferences/{id}/cancel',
        'POST /v1/inferences/{id}/replay',
        'POST /v1/inferences/{id}/resolve',
        'POST /v1/responses',
        'POST /v1/responses/{id}/cancel',
        'POST /v1/targets/{provider}/{model}/isolate',
        'POST /v1/targets/{provider}/{model}/restore',
      ]),
    );
  });

  test.each(operations)('$name has a summary, a tag, and the shape of its errors', ({ name, operation }) => {
    expect(operation.summary).toBeTruthy();
    expect(operation.tags).toHaveLength(1);
    if (name !== 'GET /healthz') expect(operation.responses).toHaveProperty('default');
  });

  test('says which headers a chat completion takes', () => {
    const headers = document.paths['/v1/chat/completions']?.['post']?.parameters?.map(({ name }) => name);
    expect(headers).toEqual([
      'idempotency-key',
      'x-stainless-retry-count',
      'traceparent',
      'x-holdfast-deadline',
      'x-holdfast-priority',
      'x-holdfast-detach',
      'x-holdfast-stream',
    ]);
  });

  test('says what the form of an upload holds, and that content comes in bytes', () => {
    expect(document.paths['/v1/files']?.['post']?.requestBody).toMatchObject({
      content: {
        'multipart/form-data': {
          schema: { properties: { file: { format: 'binary' }, purpose: { enum: ['batch', 'user_data'] } } },
        },
      },
    });
    expect(document.paths['/v1/files/{id}/content']?.['get']?.responses['200']).toMatchObject({
      content: { 'application/octet-stream': { schema: { format: 'binary' } } },
    });
  });

  test('refers to nothing that it does not define', () => {
    const used = JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
    const names = new Set([...used].map(([, name]) => name));
    const expected = ['Call', 'ChatCompletion', 'Error', 'Inference', 'Verdict', 'Vote'];
    expect([...names]).toEqual(expect.arrayContaining(expected));
    for (const name of names) expect(document.components.schemas).toHaveProperty([name ?? '']);
  });
});

describe('/docs', () => {
  test('refers to no other host', async () => {
    const page = await app.inject('/docs/');
    expect(page.body).not.toMatch(/https?:\/\//);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'self'/);
    expect((await app.inject('/docs/js/scalar.js')).statusCode).toBe(200);
  });

  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

  test.skipIf(!executablePath)('shows the API in a browser that reaches this host only', async () => {
    const server = await serverWithoutTemporal();
    onTestFinished(() => server.app.close());
    const url = await server.app.listen({ port: 0, host: '127.0.0.1' });
    const browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    const hosts = new Set<string>();
    page.on(
      'request',
      (request) => void (request.url().startsWith('http') && hosts.add(new URL(request.url()).origin)),
    );
    await page.goto(`${url}/docs`);
    await page.getByText('Create a chat completion').first().waitFor();
    expect([...hosts]).toEqual([url]);
  });
});
