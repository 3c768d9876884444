import { randomBytes } from 'node:crypto';
import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import { z } from 'zod';
import { problemSchema } from '#contracts/problem.ts';
import { EngineError } from '#server/engine/errors.ts';
import { type Logger } from '#server/engine/logger.ts';
import { errorReply, type Failure, problem } from './error-response.ts';
import { invalidBySchema, invalidRequest } from './invalid-request.ts';
import { type BodyLimit, parseJson, readBody, toText } from './read-body.ts';
import { type Reply } from './reply.ts';
import {
  type ApiContext,
  type ApiEnv,
  checkPath,
  headerOf,
  mediaTypeOf,
  queryOf,
} from './request.ts';
import { type RequestGuard } from './request-guard.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Documentation = {
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Status → what it means and, for JSON, its schema. */
  readonly answers: Readonly<
    Record<
      number,
      { readonly description: string; readonly schema?: z.ZodType; readonly mediaType?: string }
    >
  >;
};

/** Spread into a route's specification for the parts it does not have. */
export const nothing = { params: z.object({}), query: z.object({}), body: z.undefined() };

export type RouteSpec<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
> = Documentation & {
  readonly method: Method;
  /** As OpenAPI writes it: `/api/v1/topics/{topic}`. */
  readonly path: string;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly bodyLimit?: BodyLimit;
};

export type RouteInput<Params, Query, Body> = {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly c: ApiContext;
};

/** A route that reads its request itself: the body is documented, not validated here. */
export type RawRouteSpec = Documentation & {
  readonly method: Method;
  readonly path: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly bodies?: Readonly<Record<string, z.ZodType>>;
};

export type Router = {
  readonly app: OpenAPIHono<ApiEnv>;
  /** A route whose parameters, query and JSON body are checked by schemas; the same schemas document it. */
  route<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType>(
    spec: RouteSpec<Params, Query, Body>,
    work: (input: RouteInput<z.output<Params>, z.output<Query>, z.output<Body>>) => Promise<Reply>,
  ): void;
  raw(spec: RawRouteSpec, work: (c: ApiContext) => Promise<Reply>): void;
};

export type RouterOptions = {
  readonly guard: RequestGuard;
  readonly logger: Logger;
  /** One debug line per request; off, nothing is computed for it. */
  readonly accessLog: boolean;
};

type Work = (c: ApiContext, failure: Failure) => Promise<Reply>;

const CONTROL_BODY: BodyLimit = { bytes: 2 * 1_048_576, code: 'batch-too-large' };

/**
 * Every route runs in the same frame: guard → work → answer with a request id, failures through error-response.
 * It is one function per route and not a chain of middleware, which costs a third of the speed of a publish.
 */
export function createRouter(options: RouterOptions): Router {
  const app = new OpenAPIHono<ApiEnv>();
  const nextRequestId = createRequestIds();
  const known: { readonly method: Method; readonly pattern: RegExp }[] = [];

  const frame = (work: Work) => async (c: ApiContext) => {
    const requestId = clientRequestId(c) ?? nextRequestId();
    const started = options.accessLog ? performance.now() : 0;
    const failure = { instance: c.req.path, requestId };
    let reply: Reply;
    try {
      const refusal = options.guard(c);
      if (refusal === null) {
        checkPath(c);
        reply = await work(c, failure);
      } else reply = problem(403, 'forbidden', refusal, { ...failure, details: {} });
    } catch (error) {
      reply = errorReply(error, failure, options.logger);
    }
    if (options.accessLog) logAccess(options.logger, c, reply, { requestId, started });
    return toResponse(reply, requestId);
  };

  const register = (method: Method, path: string, work: Work) => {
    known.push({ method, pattern: pathPattern(path) });
    app.on([method.toUpperCase()], [path.replaceAll(/\{(.+?)\}/g, ':$1')], frame(work));
  };

  app.notFound(frame((c, failure) => Promise.resolve(unknownRoute(c, failure, known))));
  return {
    app,
    route: (spec, work) => {
      app.openAPIRegistry.registerPath(toOpenApi(spec));
      register(spec.method, spec.path, async (c) => {
        const params = parse(spec.params, c.req.param());
        const query = parse(spec.query, knownQuery(c, spec.query));
        const sent =
          spec.body instanceof z.ZodUndefined ? undefined : await readJson(c, spec.bodyLimit);
        return work({ params, query, body: parse(spec.body, sent), c });
      });
    },
    raw: (spec, work) => {
      app.openAPIRegistry.registerPath(toOpenApi(spec));
      register(spec.method, spec.path, work);
    },
  };
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidBySchema(result.error);
  return result.data;
}

/** The query of a request, refused when it has a parameter the route does not know: a misspelt filter must not match everything. */
export function knownQuery(c: ApiContext, schema: z.ZodObject): Record<string, string | string[]> {
  const query = queryOf(c);
  for (const name of Object.keys(query))
    if (!Object.hasOwn(schema.shape, name))
      throw invalidRequest(
        name.slice(0, 64),
        `is no parameter here; there are: ${Object.keys(schema.shape).join(', ') || 'none'}`,
      );
  return query;
}

/** The query checked by a schema, for routes that read their request themselves. */
export function parseQuery<Schema extends z.ZodObject>(
  c: ApiContext,
  schema: Schema,
): z.output<Schema> {
  return parse(schema, knownQuery(c, schema));
}

/** A JSON body as a value; an empty one counts as `{}`. */
async function readJson(c: ApiContext, limit: BodyLimit = CONTROL_BODY): Promise<unknown> {
  const bytes = await readBody(c, limit);
  if (bytes.length === 0) return {};
  const mediaType = mediaTypeOf(headerOf(c, 'content-type'));
  if (mediaType !== 'application/json' && !mediaType.endsWith('+json'))
    throw new EngineError('unsupported-media-type', 'send the body as application/json', {
      field: 'content-type',
    });
  return parseJson(toText(bytes)).value;
}

const CLIENT_REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

function clientRequestId(c: ApiContext): string | null {
  const given = headerOf(c, 'x-request-id');
  return given !== undefined && CLIENT_REQUEST_ID.test(given) ? given : null;
}

/** Short, unique per process start: a random beginning and a count. */
function createRequestIds(): () => string {
  const beginning = randomBytes(4).toString('hex');
  let count = 0;
  return () => {
    count += 1;
    return `${beginning}-${count.toString(36)}`;
  };
}

function toResponse(reply: Reply, requestId: string): Response {
  return new Response(reply.body, {
    status: reply.status,
    headers: {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId,
      ...reply.headers,
    },
  });
}

const pathPattern = (path: string) =>
  new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{.+?\}/g, '[^/]+')}$`);

function unknownRoute(
  c: ApiContext,
  failure: Failure,
  known: readonly { readonly method: Method; readonly pattern: RegExp }[],
): Reply {
  const path = c.req.path;
  const allowed = known.filter((route) => route.pattern.test(path)).map(({ method }) => method);
  const about = { ...failure, details: {} };
  if (allowed.length === 0) return problem(404, 'not-found', `There is nothing at ${path}`, about);
  const allow = [...new Set(allowed)].join(', ').toUpperCase();
  const refused = problem(405, 'method-not-allowed', `${path} knows ${allow}`, about);
  return { ...refused, headers: { ...refused.headers, allow } };
}

function logAccess(
  logger: Logger,
  c: ApiContext,
  reply: Reply,
  { requestId, started }: { readonly requestId: string; readonly started: number },
): void {
  const durationMs = Math.round((performance.now() - started) * 100) / 100;
  const details = { requestId, method: c.req.method, path: c.req.path, status: reply.status };
  logger.debug({ ...details, durationMs }, 'request');
}

function toOpenApi(
  spec: RawRouteSpec | RouteSpec<z.ZodObject, z.ZodObject, z.ZodType>,
): RouteConfig {
  const bodies = bodiesOf(spec);
  const answers = Object.entries(spec.answers).map(([status, answer]) => [
    status,
    {
      description: answer.description,
      ...(answer.schema === undefined
        ? {}
        : { content: { [answer.mediaType ?? 'application/json']: { schema: answer.schema } } }),
    },
  ]);
  return {
    method: spec.method,
    path: spec.path,
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.description === undefined ? {} : { description: spec.description }),
    request: {
      ...(hasFields(spec.params) ? { params: spec.params } : {}),
      ...(hasFields(spec.query) ? { query: spec.query } : {}),
      ...(bodies === null ? {} : { body: { content: bodies } }),
    },
    responses: {
      ...Object.fromEntries(answers),
      default: {
        description: 'A problem document (RFC 9457)',
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    },
  };
}

const hasFields = (schema: z.ZodObject | undefined): schema is z.ZodObject =>
  schema !== undefined && Object.keys(schema.shape).length > 0;

function bodiesOf(spec: RawRouteSpec | RouteSpec<z.ZodObject, z.ZodObject, z.ZodType>) {
  if ('bodies' in spec && spec.bodies !== undefined)
    return Object.fromEntries(
      Object.entries(spec.bodies).map(([mediaType, schema]) => [mediaType, { schema }]),
    );
  if ('body' in spec && !(spec.body instanceof z.ZodUndefined))
    return { 'application/json': { schema: spec.body } };
  return null;
}
