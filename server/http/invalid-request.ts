import { type z } from 'zod';
import { EngineError } from '#server/engine/errors.ts';

/** The refusal of one named part of a request. */
export function invalidRequest(field: string, problem: string): EngineError {
  return new EngineError('invalid-request', `${field} ${problem}`, { field });
}

const MAX_ISSUES_SHOWN = 20;

/** A failed schema check as one refusal: the first field leads, all are listed. */
export function invalidBySchema(error: z.ZodError): EngineError {
  const issues = error.issues.slice(0, MAX_ISSUES_SHOWN).map((issue) => {
    const path =
      issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
    const problem = issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message;
    return { field: fieldName(path), problem };
  });
  const [first = { field: 'body', problem: 'is not as expected' }] = issues;
  const field = first.field === '' ? 'body' : first.field;
  return new EngineError('invalid-request', `${field}: ${first.problem}`, { field, issues });
}

function fieldName(path: readonly PropertyKey[]): string {
  let name = '';
  for (const step of path) {
    if (typeof step === 'number') name += `[${step}]`;
    else name += name === '' ? String(step) : `.${String(step)}`;
  }
  return name;
}
