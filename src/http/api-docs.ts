// `/openapi.json` and `/docs`, made from the routes' own schemas. Everything is served from here: no other host.

import fastifySwagger from '@fastify/swagger';
import fastifyApiReference from '@scalar/fastify-api-reference';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { App } from './http-context.ts';

/** Has to be registered before the routes that it describes. */
export async function registerApiDocs(app: App, options: { readonly version: string }): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Holdfast',
        version: options.version,
        description: 'Inferences that outlive their providers: durable retries and failover chains for LLM calls.',
      },
      tags: [
        {
          name: 'Inferences',
          description: 'One client request for a model’s answer each; one Temporal workflow each.',
        },
        { name: 'Responses', description: 'The same work as OpenAI’s responses API shows it.' },
        { name: 'Models', description: 'What the configuration offers.' },
        { name: 'Targets', description: 'What is known of each target now.' },
        { name: 'Service', description: 'The service itself.' },
      ],
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
      security: [{ apiKey: [] }],
    },
    transform: (document) => {
      const { schema, url } = jsonSchemaTransform(document);
      // A document knows no wildcards: the only one stands for a model's id.
      return { schema, url: url.replace('/*', '/:id') };
    },
    transformObject: (document) => withoutUnusedSchemas(jsonSchemaTransformObject(document)),
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  await app.register(fastifyApiReference, {
    routePrefix: '/docs',
    configuration: {
      pageTitle: 'Holdfast API',
      theme: 'none',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      hideModels: true,
      showDeveloperTools: 'never',
      agent: { disabled: true },
    },
    // The page comes with links to its maker's services: the browser is told to reach none but this one.
    hooks: {
      onRequest: (_request, reply, done) => {
        reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
        done();
      },
    },
  });
}

/** Every named schema comes twice, as input and as output; ours are all of answers. */
function withoutUnusedSchemas<T extends ReturnType<typeof jsonSchemaTransformObject>>(document: T): T {
  if (!('components' in document) || !document.components?.schemas) return document;
  const used = Object.entries(document.components.schemas).filter(([name]) => !name.endsWith('Input'));
  return { ...document, components: { ...document.components, schemas: Object.fromEntries(used) } };
}

const CONTENT_SECURITY_POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:";
