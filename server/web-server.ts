import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Problem } from '#contracts/problem.ts';

export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

export type WebServer = {
  readonly server: Server;
  /** Takes over /api, /healthz, /readyz and /metrics. Until then /healthz is 200 and the rest 503. */
  setApi(listener: Listener): void;
  /** Takes over every other path. */
  setPages(listener: Listener): void;
  /** Resolves with the port it listens on. */
  listen(port: number, host: string): Promise<number>;
  /** Takes no new request, lets those in hand end, then cuts what is left. Safe twice. */
  close(): Promise<void>;
};

const API_PATH = /^\/(?:api|healthz|readyz|metrics)(?:[/?]|$)/;
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_HEADERS = 100;
const MAX_HEADER_BYTES = 16_384;
const MAX_CONNECTIONS = 10_000;
const CLOSE_GRACE_MS = 1_000;
const RETRY_AFTER_SECONDS = '1';
// Next trusts these where they come from its own proxies; nothing but Weir stands in front of it here.
const HEADERS_NEVER_FORWARDED = ['x-middleware-subrequest', 'content-security-policy'] as const;

/** The one HTTP server: the API answers first, Next renders what is left. It can listen before either is there. */
export function createWebServer(): WebServer {
  let api: Listener = answerWhileStarting;
  let pages: Listener = answerWhileStarting;
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    (request, response) => {
      const url = request.url ?? '';
      if (!url.startsWith('/')) {
        answer(response, {
          status: 400,
          title: 'The request is not valid',
          code: 'invalid-request',
          detail: 'The request target must be a path.',
          instance: '/',
        });
        return;
      }
      for (const name of HEADERS_NEVER_FORWARDED) delete request.headers[name];
      const listener = API_PATH.test(url) ? api : pages;
      listener(request, response);
    },
  );
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = MAX_CONNECTIONS;
  return {
    server,
    setApi: (listener) => {
      api = listener;
    },
    setPages: (listener) => {
      pages = listener;
    },
    listen: (port, host) => listen(server, port, host),
    close: () => close(server),
  };
}

function answerWhileStarting(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').split('?', 1)[0];
  if (path === '/healthz') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"status":"ok"}');
    return;
  }
  response.setHeader('retry-after', RETRY_AFTER_SECONDS);
  if (path === '/readyz') {
    response.writeHead(503, { 'content-type': 'application/json' });
    response.end('{"ready":false,"checks":{"engine":"starting"}}');
    return;
  }
  if (path !== undefined && API_PATH.test(path)) {
    answer(response, {
      status: 503,
      title: 'Unavailable',
      code: 'unavailable',
      detail: 'Weir is starting: it waits for its database.',
      instance: path,
    });
    return;
  }
  response.writeHead(503, { 'content-type': 'text/html; charset=utf-8' });
  response.end(
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>Weir is starting</title><p>Weir is starting: it waits for its database.</p></html>',
  );
}

type StartProblem = Pick<Problem, 'status' | 'title' | 'code' | 'detail' | 'instance'>;

function answer(response: ServerResponse, problem: StartProblem): void {
  response.writeHead(problem.status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', ...problem }));
}

function listen(server: Server, port: number, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen(port, host, () => {
    server.off('error', reject);
    const address = server.address();
    resolve(typeof address === 'object' && address ? address.port : port);
  });
  return promise;
}

function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (!server.listening) return Promise.resolve();
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, CLOSE_GRACE_MS);
  server.close(() => {
    clearTimeout(cut);
    resolve();
  });
  server.closeIdleConnections();
  return promise;
}
