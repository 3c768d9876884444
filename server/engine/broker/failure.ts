/** What went wrong in one attempt, in a form that can be stored. */
export type Failure = {
  readonly errorClass: string;
  readonly message: string;
  readonly stack: string | null;
  readonly retryable: boolean;
};

const MAX_CLASS_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 16_384;
const MAX_STACK_LENGTH = 65_536;

/** Describes whatever a handler threw; never throws itself, whatever the value does. */
export function failureOf(thrown: unknown): Failure {
  try {
    if (thrown instanceof Error) return failureOfError(thrown);
    const message =
      typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown));
    return makeFailure({ errorClass: classOfValue(thrown), message, stack: null, retryable: true });
  } catch {
    return makeFailure({
      errorClass: 'Unprintable',
      message: 'the handler threw a value that cannot be printed',
      stack: null,
      retryable: true,
    });
  }
}

/** Cuts to the stored bounds and removes what Postgres text cannot hold. */
export function makeFailure(failure: Failure): Failure {
  return {
    errorClass: storable(failure.errorClass, MAX_CLASS_LENGTH) || 'Error',
    message: storable(failure.message, MAX_MESSAGE_LENGTH),
    stack: failure.stack === null ? null : storable(failure.stack, MAX_STACK_LENGTH),
    retryable: failure.retryable,
  };
}

/** A claimed attempt whose process died: it may be what killed it, so it counts. */
export const PROCESS_ENDED: Failure = {
  errorClass: 'ProcessEnded',
  message: 'the process ended during this attempt',
  stack: null,
  retryable: true,
};

function failureOfError(error: Error): Failure {
  const retryable = !('retryable' in error && error.retryable === false);
  const named = error.name === 'Error' ? error.constructor.name : error.name;
  return makeFailure({
    errorClass: named,
    message: error.message,
    stack: typeof error.stack === 'string' ? error.stack : null,
    retryable,
  });
}

function classOfValue(thrown: unknown): string {
  if (thrown === null) return 'null';
  return typeof thrown === 'object' ? 'Object' : typeof thrown;
}

function storable(text: string, length: number): string {
  return text.slice(0, length).replaceAll('\u0000', '\ufffd').toWellFormed();
}
