import { isIPv4 } from 'node:net';
import { type ApiContext, headerOf } from './request.ts';

/** Why a request is refused, or null. Reasons are for people who meet them in a terminal or a browser's console. */
export type RequestGuard = (c: ApiContext) => string | null;

/** Webhooks come through tunnels that keep their own host name; they carry a signature instead. */
const WEBHOOK_PATHS = '/api/v1/ingest/';
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Against other web pages in the operator's browser, as long as there is no sign-in: a changing request must not come from
 * another site, and on loopback the Host must name this machine, so that a foreign name that resolves here (DNS rebinding) is nothing.
 */
export function createRequestGuard(options: { readonly loopbackOnly: boolean }): RequestGuard {
  return (c) => {
    const host = headerOf(c, 'host');
    if (options.loopbackOnly && !isExpectedHost(host, c.req.path))
      return 'This Weir is bound to this machine alone: address it as localhost or 127.0.0.1.';
    if (SAFE_METHODS.has(c.req.method)) return null;
    if (headerOf(c, 'sec-fetch-site') === 'cross-site')
      return 'Changes are not accepted from other sites.';
    const origin = headerOf(c, 'origin');
    if (origin !== undefined && host !== undefined && hostOf(origin) !== host.toLowerCase())
      return 'Changes are not accepted from another origin.';
    return null;
  };
}

const isExpectedHost = (host: string | undefined, path: string) =>
  host === undefined || isLoopbackHost(host) || path.startsWith(WEBHOOK_PATHS);

function isLoopbackHost(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true;
  return name.startsWith('127.') && isIPv4(name);
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
