/**
 * Every expected failure of the engine is an EngineError with one of these codes. Status and wording for
 * HTTP are chosen once, in http/error-response.ts; tests assert codes.
 */
export type EngineErrorCode =
  | 'invalid-request' // details.field names what is wrong
  | 'event-too-large'
  | 'batch-too-large'
  | 'unsupported-media-type'
  | 'unknown-topic'
  | 'unknown-event'
  | 'unknown-stream'
  | 'unknown-subscription'
  | 'unknown-dead-letter'
  | 'unknown-operation'
  | 'unknown-scenario'
  | 'not-found'
  | 'unknown-leaf'
  | 'version-conflict' // details.expectedVersion, details.currentVersion
  | 'partitions-cannot-shrink'
  | 'wrong-state' // the thing is not in a state that allows this; details.state
  | 'not-supported' // understood, and not available in this version
  | 'offset-out-of-range' // retention dropped it; details.lowPosition or lowOffset
  | 'topic-full' // details.retryAfterMs
  | 'signature-invalid'
  | 'unavailable' // database unreachable, nothing was stored; details.retryAfterMs
  | 'outcome-unknown' // connection lost while committing; retry with the same ids is safe
  | 'fenced' // the lease was lost; nothing was written
  | 'stopping';

export type EngineErrorDetails = Readonly<Record<string, unknown>>;

export class EngineError extends Error {
  readonly code: EngineErrorCode;
  readonly details: EngineErrorDetails;

  constructor(code: EngineErrorCode, message: string, details: EngineErrorDetails = {}) {
    super(message, details['cause'] === undefined ? undefined : { cause: details['cause'] });
    this.name = 'EngineError';
    this.code = code;
    this.details = details;
  }
}

export const isEngineError = (error: unknown, code?: EngineErrorCode): error is EngineError =>
  error instanceof EngineError && (code === undefined || error.code === code);
