import { type IncomingMessage } from 'node:http';
import { type Context } from 'hono';
import { invalidRequest } from './invalid-request.ts';

/** `incoming` is there behind Node's server and absent in tests that call the app directly. */
export type ApiEnv = { Bindings: { readonly incoming?: IncomingMessage } };
export type ApiContext = Context<ApiEnv>;

/** A request header, or undefined. Repeated ones are joined as Node joins them. */
export function headerOf(c: ApiContext, name: string): string | undefined {
  const incoming = c.env?.incoming;
  if (incoming === undefined) return c.req.raw.headers.get(name) ?? undefined;
  const value = incoming.headers[name];
  return typeof value === 'object' ? value.join(', ') : value;
}

/** All headers whose lower-case name begins with `prefix`, the prefix cut off. */
export function headersWithPrefix(c: ApiContext, prefix: string): Map<string, string> {
  const found = new Map<string, string>();
  const incoming = c.env?.incoming;
  if (incoming === undefined) {
    c.req.raw.headers.forEach((value, name) => {
      if (name.startsWith(prefix)) found.set(name.slice(prefix.length), value);
    });
    return found;
  }
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (!name.startsWith(prefix) || value === undefined) continue;
    found.set(name.slice(prefix.length), typeof value === 'object' ? value.join(', ') : value);
  }
  return found;
}

/** Media type in lower case without parameters; empty when none is given. */
export function mediaTypeOf(contentType: string | undefined): string {
  if (contentType === undefined) return '';
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** Path parameters and query must be percent-encoded UTF-8 without NUL; Hono would pass broken ones on as they are. */
export function checkPath(c: ApiContext): void {
  const { url } = c.req;
  const start = url.indexOf('/', 8);
  if (!url.includes('%', start)) return;
  const end = url.indexOf('?', start);
  decode(end < 0 ? url.slice(start) : url.slice(start, end), 'path');
}

/** The query as `name → value`, or a list when given several times; an empty value counts as not given. */
export function queryOf(c: ApiContext): Record<string, string | string[]> {
  const start = c.req.url.indexOf('?');
  if (start < 0) return {};
  const text = c.req.url.slice(start + 1);
  if (text.includes('%')) decode(text, 'query');
  const values = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (value === '') continue;
    const before = values.get(name);
    if (before === undefined) values.set(name, value);
    else values.set(name, typeof before === 'string' ? [before, value] : [...before, value]);
  }
  return Object.fromEntries(values);
}

function decode(text: string, part: string): void {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw invalidRequest(part, 'is not percent-encoded UTF-8');
  }
  if (decoded.includes('\u0000')) throw invalidRequest(part, 'holds the character U+0000');
}
