import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { type ApiEnv } from './request.ts';
import { createRequestGuard } from './request-guard.ts';

async function isRefused(
  path: string,
  method: string,
  headers: Record<string, string>,
  loopbackOnly = true,
) {
  const guard = createRequestGuard({ loopbackOnly });
  const app = new Hono<ApiEnv>().all('*', (c) => c.json({ refused: guard(c) !== null }));
  const response = await app.request(path, { method, headers });
  const answer: { refused: boolean } = await response.json();
  return answer.refused;
}

describe('the request guard', () => {
  it.each([
    ['localhost:3000', false],
    ['weir.localhost', false],
    ['127.0.0.1', false],
    ['127.8.9.10:80', false],
    ['[::1]:3000', false],
    ['LOCALHOST', false],
    ['evil.example', true],
    ['127.0.0.1.evil.example', true],
    ['localhost.evil.example', true],
    ['10.0.0.1', true],
    ['', true],
  ])('judges the host %s on loopback', async (host, refused) => {
    expect(await isRefused('/api/v1/events', 'GET', { host })).toBe(refused);
    expect(await isRefused('/api/v1/events', 'GET', { host }, false)).toBe(false);
  });

  it('lets webhooks come through a tunnel', async () => {
    const headers = { host: 'abc.tunnel.example' };

    expect(await isRefused('/api/v1/ingest/github', 'POST', headers)).toBe(false);
  });

  it.each([
    ['POST', { origin: 'http://localhost:3000' }, false],
    ['POST', { origin: 'http://localhost:4000' }, true],
    ['POST', { origin: 'https://evil.example' }, true],
    ['POST', { origin: 'null' }, true],
    ['POST', { 'sec-fetch-site': 'same-origin' }, false],
    ['POST', { 'sec-fetch-site': 'cross-site' }, true],
    ['DELETE', { 'sec-fetch-site': 'cross-site' }, true],
    ['GET', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, false],
  ])('judges %s with %o', async (method, headers, refused) => {
    expect(await isRefused('/x', method, { host: 'localhost:3000', ...headers })).toBe(refused);
  });
});
