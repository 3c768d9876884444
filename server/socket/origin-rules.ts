import { isIPv4 } from 'node:net';

/** Names under which the server may be addressed besides the loopback ones; `any` when it is meant to be reached by any name. */
export type HostRules = { readonly allowedHosts: readonly string[] | 'any' };

/**
 * Whether a handshake may go on. CORS does not guard WebSockets: a page of another site could open one and read (CSWSH), and
 * a name that was re-pointed to this machine could pass as ours (DNS rebinding). A browser always says where it comes from;
 * a request without an Origin is no browser's and is let in.
 */
export function isAllowedHandshake(
  headers: { readonly host: string | undefined; readonly origin: string | undefined },
  rules: HostRules,
): boolean {
  const host = parseUrl(`http://${headers.host ?? ''}`);
  if (host === null || !isKnownHost(host.hostname, rules)) return false;
  if (headers.origin === undefined) return true;
  const origin = parseUrl(headers.origin);
  if (origin === null) return false;
  if (origin.hostname === host.hostname) return hasSamePort(origin, host);
  return isLoopback(origin.hostname) && isLoopback(host.hostname) && hasSamePort(origin, host);
}

function isKnownHost(hostname: string, rules: HostRules): boolean {
  return (
    rules.allowedHosts === 'any' || isLoopback(hostname) || rules.allowedHosts.includes(hostname)
  );
}

function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]')
    return true;
  return hostname.startsWith('127.') && isIPv4(hostname);
}

// Behind a proxy that ends TLS the page is https on the default port, and so is the Host it forwards.
const hasSamePort = (origin: URL, host: URL): boolean => origin.port === host.port;

function parseUrl(text: string): URL | null {
  if (text === '' || text === 'http://') return null;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null;
  return url;
}
