/** `/api/v2/openapi.json`. Upstream's /api/v2/swagger.json does not exist there either. */
import { operations } from './operations.ts';
import { schemas } from './schemas.ts';

export function openApiDocument(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tocsin alertmanager API',
      version: version === '' ? 'unknown' : version,
      description:
        'API v2 of Prometheus Alertmanager, and below /tocsin what only Tocsin has. Unknown query parameters are ignored; of a repeated one that stands for one value the last counts.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Relative to where this document is served, so that a route prefix needs no mention.
    servers: [{ url: '../v2' }],
    paths: Object.fromEntries(
      Object.entries(operations).map(([path, methods]) => [
        `/${path}`,
        Object.fromEntries(
          Object.entries(methods as object).map(([method, operation]) => [
            method.toLowerCase(),
            operation as unknown,
          ]),
        ),
      ]),
    ),
    components: {
      schemas: {
        ...schemas,
        RefusalOrMalformed: {
          anyOf: [{ $ref: '#/components/schemas/Refusal' }, { $ref: '#/components/schemas/Malformed' }],
        },
      },
    },
  };
}
