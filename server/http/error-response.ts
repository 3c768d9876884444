import { databaseFailure } from '#server/engine/database-failure.ts';
import { EngineError, type EngineErrorCode } from '#server/engine/errors.ts';
import { type Logger } from '#server/engine/logger.ts';
import { type Reply } from './reply.ts';

const statuses: Record<EngineErrorCode, number> = {
  'invalid-request': 400,
  'event-too-large': 413,
  'batch-too-large': 413,
  'unsupported-media-type': 415,
  'unknown-topic': 404,
  'unknown-event': 404,
  'unknown-stream': 404,
  'unknown-subscription': 404,
  'unknown-dead-letter': 404,
  'unknown-operation': 404,
  'unknown-scenario': 404,
  'not-found': 404,
  'unknown-leaf': 404,
  'version-conflict': 409,
  'partitions-cannot-shrink': 409,
  'wrong-state': 409,
  'offset-out-of-range': 416,
  'not-supported': 422,
  'topic-full': 429,
  'signature-invalid': 401,
  unavailable: 503,
  'outcome-unknown': 503,
  fenced: 503,
  stopping: 503,
};

const titles: Record<number, string> = {
  400: 'The request is not valid',
  401: 'The signature is not valid',
  403: 'Refused',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict with the present state',
  413: 'Too large',

  415: 'Content type not supported',
  416: 'No longer in the log',
  422: 'Not supported',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
};

const DEFAULT_RETRY_AFTER_MS = 1_000;
/** Details that are ours alone. */
const HIDDEN_DETAILS = new Set(['cause', 'retryAfterMs']);

export type Failure = { readonly instance: string; readonly requestId: string };

/** The one place where failures become answers: EngineError by its code, a lost database as 503, anything else as a bug that is logged. */
export function errorReply(error: unknown, failure: Failure, logger: Logger): Reply {
  const known = error instanceof EngineError ? error : databaseFailure(error);
  if (known !== null) return problemReply(statuses[known.code], known, failure);
  logger.error({ err: error, requestId: failure.requestId }, 'a request failed unexpectedly');
  const detail = `Something went wrong; the server's log has it under ${failure.requestId}.`;
  return problem(500, 'internal', detail, { ...failure, details: {} });
}

function problemReply(status: number, error: EngineError, failure: Failure): Reply {
  const details = Object.fromEntries(
    Object.entries(error.details).filter(([name]) => !HIDDEN_DETAILS.has(name)),
  );
  const reply = problem(status, error.code, error.message, { ...failure, details });
  if (status !== 429 && status !== 503) return reply;
  const afterMs = Number(error.details['retryAfterMs'] ?? DEFAULT_RETRY_AFTER_MS);
  const seconds = Math.max(1, Math.ceil(afterMs / 1_000));
  return { ...reply, headers: { ...reply.headers, 'retry-after': String(seconds) } };
}

/** An RFC 9457 document; details stand beside its own members and never replace them. */
export function problem(
  status: number,
  code: string,
  detail: string,
  {
    instance,
    requestId,
    details,
  }: Failure & { readonly details: Readonly<Record<string, unknown>> },
): Reply {
  const document = {
    ...details,
    type: `urn:weir:problem:${code}`,
    title: titles[status] ?? 'Error',
    status,
    detail,
    instance,
    code,
    requestId,
  };
  return {
    status,
    body: JSON.stringify(document),
    headers: { 'content-type': 'application/problem+json' },
  };
}
