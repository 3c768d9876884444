import { EngineError } from '../errors.ts';

export type JsonPath = { readonly text: string };

export function parseJsonPath(text: string): JsonPath {
  throw new EngineError('invalid-request', `where is not understood here: ${text}`, {
    field: 'where',
  });
}

export const matchesJsonPath = (path: JsonPath, data: unknown): boolean => path.text === data;
