const MAX_CAUSES = 3;

type ConciseError = {
  readonly type: string;
  readonly message: string;
  readonly code?: unknown;
  readonly stack?: string | undefined;
  readonly cause?: ConciseError;
};

/**
 * An error as the log shows it: what happened and where. The other fields stay out: those of a database error hold the
 * connection it happened on, and may hold data.
 */
export function conciseError(error: unknown, causes = MAX_CAUSES): ConciseError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  return {
    type: error.name,
    message: error.message,
    ...('code' in error && { code: error.code }),
    stack: error.stack,
    ...(error.cause !== undefined &&
      causes > 0 && { cause: conciseError(error.cause, causes - 1) }),
  };
}
