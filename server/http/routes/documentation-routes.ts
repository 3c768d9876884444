import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { type Reply } from '../reply.ts';
import { nothing, type Router } from '../router.ts';

const resolve = createRequire(import.meta.url).resolve;
const ASSETS = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
} as const;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Weir API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<main id="docs"></main>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`;
const START = `SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: true,
});
`;
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

/** The interface described: OpenAPI 3.1 from the schemas that validate, and a page to read it, served without any outside request. */
export function addDocumentationRoutes(router: Router, version: string): void {
  let document: string | undefined;
  const render = () =>
    JSON.stringify(
      router.app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: {
          title: 'Weir',
          version,
          description: 'An event broker and event store with its control room built in.',
          license: { name: 'MIT' },
        },
        servers: [{ url: '/' }],
      }),
    );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/openapi.json',
      tag: 'Documentation',
      summary: 'This document',
      answers: { 200: { description: 'OpenAPI 3.1', schema: z.looseObject({}) } },
    },
    async () => {
      document ??= render();
      return text('application/json', document);
    },
  );
  const page = (path: string, mediaType: string, read: () => Promise<string>) =>
    router.raw(
      {
        method: 'get',
        path,
        tag: 'Documentation',
        summary: 'A page to read the document',
        answers: { 200: { description: mediaType } },
      },
      async () => text(mediaType, await read()),
    );
  page('/api/docs', 'text/html; charset=utf-8', () => Promise.resolve(PAGE));
  page('/api/docs/start.js', 'text/javascript; charset=utf-8', () => Promise.resolve(START));
  for (const [file, mediaType] of Object.entries(ASSETS))
    page(`/api/docs/${file}`, mediaType, () =>
      readFile(resolve(`swagger-ui-dist/${file}`), 'utf8'),
    );
}

function text(mediaType: string, body: string): Promise<Reply> {
  return Promise.resolve({
    status: 200,
    body,
    headers: { 'content-type': mediaType, 'content-security-policy': POLICY },
  });
}
