import { z } from 'zod';
import { type MetricsPage, type Readiness } from '#server/engine/engine-parts.ts';
import { json } from '../reply.ts';
import { nothing, type Router } from '../router.ts';

const health = z.object({ status: z.literal('ok'), version: z.string() });
const readiness = z.object({ ready: z.boolean(), checks: z.record(z.string(), z.string()) });

type Parts = {
  readonly metrics: MetricsPage;
  readonly readiness: Readiness;
  readonly version: string;
};

/** For machines that watch this one. They live at the root, where such machines look. */
export function addHealthRoutes(router: Router, parts: Parts): void {
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/healthz',
      tag: 'Health',
      summary: 'The process lives',
      answers: { 200: { description: 'Always, while the process answers', schema: health } },
    },
    () => Promise.resolve(json(200, { status: 'ok', version: parts.version })),
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/readyz',
      tag: 'Health',
      summary: 'Database, migrations and engine are ready',
      answers: {
        200: { description: 'Ready', schema: readiness },
        503: { description: 'Not ready; `checks` says what is missing', schema: readiness },
      },
    },
    async () => {
      const state = await parts.readiness.check();
      if (state.ready) return json(200, state);
      const reply = json(503, state);
      return { ...reply, headers: { ...reply.headers, 'retry-after': '1' } };
    },
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/metrics',
      tag: 'Health',
      summary: 'Measurements for Prometheus',
      answers: {
        200: { description: 'Text exposition', schema: z.string(), mediaType: 'text/plain' },
      },
    },
    async () => ({
      status: 200,
      body: await parts.metrics.render(),
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    }),
  );
}
