import { z } from 'zod';
import {
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterGroup,
  deadLetterGroupSchema,
  deadLetterSchema,
} from '#contracts/dead-letter.ts';
import { type Page, pageOf } from '#contracts/page.ts';
import { type RequestOptions, request } from './client.ts';

type Signal = RequestOptions['signal'];

export function fetchDeadLetters(
  filter: DeadLetterFilter & {
    readonly limit?: number | undefined;
    readonly cursor?: string | undefined;
  },
  signal?: Signal,
): Promise<Page<DeadLetter>> {
  return request(pageOf(deadLetterSchema), '/dead-letters', { query: filter, signal });
}

export async function fetchDeadLetterGroups(signal?: Signal): Promise<readonly DeadLetterGroup[]> {
  const schema = z.object({ items: z.array(deadLetterGroupSchema) });
  const page = await request(schema, '/dead-letters/groups', { signal });
  return page.items;
}

export function fetchDeadLetter(id: string, signal?: Signal): Promise<DeadLetter> {
  return request(deadLetterSchema, `/dead-letters/${encodeURIComponent(id)}`, { signal });
}

/** Delivers the letter to its consumer again; with `data`, with that payload in place of its own. */
export function retryDeadLetter(
  id: string,
  edit?: { readonly data: unknown },
): Promise<DeadLetter> {
  const path = `/dead-letters/${encodeURIComponent(id)}/retry`;
  return request(deadLetterSchema, path, { method: 'POST', body: edit ?? {} });
}

export function discardDeadLetter(id: string, reason: string): Promise<DeadLetter> {
  const path = `/dead-letters/${encodeURIComponent(id)}/discard`;
  return request(deadLetterSchema, path, { method: 'POST', body: { reason } });
}

export function patchDeadLetterGroup(
  fingerprint: string,
  patch: {
    readonly status?: DeadLetterGroup['status'];
    readonly note?: string | null;
  },
): Promise<DeadLetterGroup> {
  const path = `/dead-letters/groups/${encodeURIComponent(fingerprint)}`;
  return request(deadLetterGroupSchema, path, { method: 'PATCH', body: patch });
}
