import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWebServer, type Listener, type WebServer } from './web-server.ts';

let web: WebServer;
let address: string;
beforeEach(async () => {
  web = createWebServer();
  address = `http://127.0.0.1:${await web.listen(0, '127.0.0.1')}`;
});
afterEach(() => web.close());

const echo =
  (name: string): Listener =>
  (_request, response) => {
    response.end(name);
  };
const textOf = async (path: string) => (await fetch(address + path)).text();

test('says that it lives and is not ready before anything else is there', async () => {
  const health = await fetch(`${address}/healthz`);
  const ready = await fetch(`${address}/readyz`);
  const api = await fetch(`${address}/api/v1/events`);
  const page = await fetch(`${address}/`);

  expect([health.status, ready.status, api.status, page.status]).toEqual([200, 503, 503, 503]);
  expect(await ready.json()).toMatchObject({ ready: false });
  expect(await api.json()).toMatchObject({ status: 503, code: 'unavailable' });
  expect(api.headers.get('retry-after')).toBe('1');
  expect(await page.text()).toContain('Weir is starting');
});

test.each([
  ['/api', 'api'],
  ['/api/v1/topics?limit=1', 'api'],
  ['/healthz', 'api'],
  ['/readyz?verbose', 'api'],
  ['/metrics', 'api'],
  ['/', 'pages'],
  ['/apiary', 'pages'],
  ['/events', 'pages'],
])('leads %s to the %s', async (path, name) => {
  web.setApi(echo('api'));
  web.setPages(echo('pages'));

  expect(await textOf(path)).toBe(name);
});

test('refuses a target that is not a path, as proxies are sent', async () => {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const { port } = new URL(address);

  request({ host: '127.0.0.1', port, path: 'http://elsewhere.example/' }, (response) => {
    resolve(response.resume().statusCode);
  }).end();

  expect(await promise).toBe(400);
});

test('cuts what does not end when it closes', async () => {
  web.setApi((_request, response) => {
    response.write('and so on');
  });
  const endless = await fetch(`${address}/api/v1/stream`);

  await web.close();

  await expect(endless.text()).rejects.toThrow();
});
