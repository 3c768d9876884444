import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  eventPageSchema,
  publishResponseSchema,
  type StoredEvent,
  storedEventSchema,
} from '#contracts/event.ts';
import { appendResponseSchema, streamPageSchema } from '#contracts/stream.ts';
import { createTestApi, type TestApi } from '#server/testing/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.drop());

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${api.url}${path}`, {
    method: 'POST',
    body: body instanceof Uint8Array ? new Uint8Array(body) : stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, body: await response.json() };
}
const stringify = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body));

async function publish(topic: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await post(`/api/v1/topics/${topic}/events`, body, headers);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return publishResponseSchema.parse(answer.body).events;
}

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${api.url}${path}`, { headers });
  return { response, text: await response.text() };
}

async function readEvent(id: string): Promise<StoredEvent> {
  const { text } = await get(`/api/v1/events/${encodeURIComponent(id)}`);
  return storedEventSchema.parse(JSON.parse(text));
}

/** Messages of a stream until there are `count`. */
async function follow(path: string, count: number, lastEventId?: string) {
  const left = new AbortController();
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const response = await fetch(`${api.url}${path}`, { signal: left.signal, headers });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const messages: { id: string; event: StoredEvent }[] = [];
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      const id = /^id: (\d+)$/m.exec(block)?.[1] ?? '';
      if (data !== undefined)
        messages.push({ id, event: storedEventSchema.parse(JSON.parse(data)) });
    }
    if (messages.length >= count) break;
  }
  left.abort();
  return messages;
}

const statusFor = (host: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    request(`${api.url}/healthz`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });

describe('publishing', () => {
  it('fills what plain JSON leaves out', async () => {
    const [receipt] = await publish('plain', { type: 'a.b', data: { x: 1 } });

    const event = await readEvent(receipt?.id ?? '');
    expect(event).toMatchObject({ source: '/api', type: 'a.b', data: { x: 1 }, topic: 'plain' });
    expect(event.correlationid).toBeUndefined();
    expect(event.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(receipt).toMatchObject({ offset: event.offset, position: event.position });
  });

  it('answers a repeated id with the first answer', async () => {
    const headers = { 'idempotency-key': '"payment 1"' };
    const first = await publish('again', { type: 'a' }, headers);
    const second = await publish('again', { type: 'a' }, headers);

    expect(first[0]).toMatchObject({ id: 'payment 1', duplicate: false });
    expect(second).toEqual([{ ...first[0], duplicate: true }]);
  });

  it('keeps the text of data as it was sent', async () => {
    const data = '{"amount": 12345678901234567890.10, "a":1,\n "a":2, "__proto__":{"b":1}}';
    await publish('verbatim', `{"type":"a","id":"verbatim","data":${data}}`);

    const { text } = await get('/api/v1/events?topic=verbatim&format=ndjson');

    expect(text).toContain(`"data":${data.replace('\n', ' ')}`);
    expect(text.trim().split('\n')).toHaveLength(1);
  });

  it('routes by type when no topic is named, and answers in the order sent', async () => {
    const events = [{ type: 'order.placed' }, { type: 'com.github.push' }, { type: 'order.paid' }];
    const { status, body } = await post('/api/v1/events', events);

    expect(status).toBe(201);
    const topics = publishResponseSchema.parse(body).events.map(({ topic }) => topic);
    expect(topics).toEqual(['order', 'github', 'order']);
  });

  it('reads binary mode: percent-encoded headers, text and bytes as data', async () => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-type': 'a',
      'ce-source': '/s',
      'ce-subject': 'Euro%20%E2%82%AC%20100%',
      'ce-note': '"a \\"quoted\\" word"',
    };
    await publish('binary', 'grüße', {
      ...headers,
      'ce-id': 'binary-text',
      'content-type': 'text/plain; charset=utf-8',
    });
    await publish('binary', new Uint8Array([0, 255]), {
      ...headers,
      'ce-id': 'binary-bytes',
      'content-type': 'image/png',
    });

    expect(await readEvent('binary-text')).toMatchObject({
      subject: 'Euro € 100%',
      note: 'a "quoted" word',
      datacontenttype: 'text/plain; charset=utf-8',
      data: 'grüße',
    });
    expect(await readEvent('binary-bytes')).toMatchObject({
      datacontenttype: 'image/png',
      data_base64: 'AP8=',
    });
  });

  it('inflates gzip', async () => {
    const body = gzipSync(JSON.stringify({ type: 'a', id: 'zipped', data: 'x'.repeat(10_000) }));
    await publish('zipped', body, { 'content-encoding': 'gzip' });

    expect((await readEvent('zipped')).data).toBe('x'.repeat(10_000));
  });

  it('refuses an unknown topic when topics are not made by use', async () => {
    const strict = await createTestApi({ autoCreateTopics: false });
    try {
      const response = await fetch(`${strict.url}/api/v1/topics/new/events`, {
        method: 'POST',
        body: '{"type":"a"}',
        headers: { 'content-type': 'application/json' },
      });
      expect(response.status).toBe(404);
    } finally {
      await strict.drop();
    }
  });
});

describe('streams', () => {
  it('appends at the expected version and reads back', async () => {
    const path = '/api/v1/streams/account%2F7-x/events';
    const events = [{ type: 'opened', data: { by: 'Ada' } }, { type: 'credited' }];
    const appended = await post(path, { expectedVersion: 'noStream', events });
    const conflict = await post(path, { expectedVersion: 'noStream', events });

    expect(appended.status).toBe(201);
    expect(appendResponseSchema.parse(appended.body)).toMatchObject({
      streamId: 'account/7-x',
      version: 2,
    });
    expect(conflict.status).toBe(409);
    const { text } = await get(`${path}?direction=backward&limit=1`);
    const page = streamPageSchema.parse(JSON.parse(text));
    expect(page.items.map(({ type, version }) => [type, version])).toEqual([['credited', 2]]);
  });
});

describe('reading', () => {
  it('pages to the end without a gap', async () => {
    await publish(
      'paged',
      Array.from({ length: 25 }, (_, n) => ({ type: 'tick', data: n })),
    );
    const seen: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { text } = await get(`/api/v1/events?topic=paged&limit=10&cursor=${cursor}`);
      const page = eventPageSchema.parse(JSON.parse(text));
      seen.push(...page.items.map(({ data }) => data));
      cursor = page.nextCursor;
    }

    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => n));
  });

  it('exports CSV with quoting', async () => {
    await publish('csv', { type: 'a', subject: 'a "b", c', data: { n: 1 } });

    const { response, text } = await get('/api/v1/events?topic=csv', { accept: 'text/csv' });

    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [header, row] = text.split('\r\n');
    expect(header).toMatch(/^position,topic,/);
    expect(row).toContain('"a ""b"", c"');
    expect(row).toContain('"{""n"":1}"');
  });
});

describe('server-sent events', () => {
  it('sends what is there and what comes, and resumes after the last id', async () => {
    await publish('sse', [
      { type: 'a', data: 1 },
      { type: 'b', data: 2 },
    ]);
    const following = follow('/api/v1/events/stream?topic=sse&type=a&fromPosition=0', 2);
    await publish('sse', { type: 'a', data: 3 });

    const messages = await following;
    expect(messages.map(({ event }) => event.data)).toEqual([1, 3]);
    await publish('sse', { type: 'b', data: 4 });
    const resumed = await follow('/api/v1/events/stream?topic=sse', 3, messages[0]?.id);
    expect(resumed.map(({ event }) => event.data)).toEqual([2, 3, 4]);
  });
});

describe('the interface', () => {
  it('describes itself and shows the description without outside requests', async () => {
    const document = await get('/api/openapi.json');
    const page = await get('/api/docs');

    const { openapi, paths } = z
      .object({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) })
      .parse(JSON.parse(document.text));
    expect(openapi).toBe('3.1.0');
    expect(Object.keys(paths)).toContain('/api/v1/topics/{topic}/events');
    expect(page.text).not.toMatch(/https?:\/\//);
    for (const [, path] of page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g))
      expect((await get(path ?? '')).response.status).toBe(200);
  });

  it('answers with a request id, given or made, and forbids caching', async () => {
    const { response } = await get('/healthz', { 'x-request-id': 'mine-1' });
    const made = await get('/healthz');

    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(made.response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-/);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('refuses a foreign host on loopback', async () => {
    expect(await statusFor('evil.example')).toBe(403);
    expect(await statusFor('127.evil.example')).toBe(403);
    expect(await statusFor('localhost:3000')).toBe(200);
  });
});
