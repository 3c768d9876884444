import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_EVENT_BYTES } from '#contracts/event.ts';
import { problemSchema } from '#contracts/problem.ts';
import { type Logger, silentLogger } from '#server/engine/logger.ts';
import { createTestApi, type TestApi } from '#server/testing/test-api.ts';

const JSON_TYPE = 'application/json';
const CLOUD = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';
const EVENTS = '/api/v1/topics/bad/events';

const unexpected: string[] = [];
const logger: Logger = {
  ...silentLogger,
  error: (_, message) => unexpected.push(message),
};

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi({ logger });
});
afterAll(() => api.drop());

type Sent = {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
};

async function send({ method = 'POST', path = EVENTS, body, headers }: Sent) {
  const response = await fetch(`${api.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: { 'content-type': JSON_TYPE, ...headers },
  });
  return { response, text: await response.text() };
}

/** The field of a refusal that is a problem document of this status, without a trace of our code. */
async function refusal(sent: Sent, status: number): Promise<string | undefined> {
  const { response, text } = await send(sent);
  expect(response.status, text).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(text).not.toMatch(/\.ts:\d|node_modules|\\n\s*at /);
  const problem = problemSchema.parse(JSON.parse(text));
  expect(problem.status).toBe(status);
  return problem.field;
}

const event = (more: string) => `{"type":"a.b",${more}}`;
const cloud = (more: object) =>
  JSON.stringify({ specversion: '1.0', id: '1', source: '/s', type: 'a', ...more });

describe('a publish that is not right', () => {
  it.each<[string, string, string | undefined]>([
    ['nothing', '', undefined],
    ['broken JSON', '{"type":', undefined],
    ['a number', '1', 'body'],
    ['null', 'null', 'body'],
    ['no type', '{}', 'type'],
    ['an empty list', '[]', 'events'],
    ['a list of numbers', '[1]', 'events[0]'],
    ['a type that is no string', '[{"type":"a"},{"type":7}]', 'events[1].type'],
    ['deep nesting', event(`"data":${'['.repeat(10_000)}${']'.repeat(10_000)}`), 'data'],
    ['deep nesting that never ends', '{"data":'.repeat(10_000), 'data'],
    ['a NUL in data', event('"data":{"a":["\\u0000"]}'), 'data.a[0]'],
    ['a NUL in the type', '{"type":"a\\u0000"}', 'type'],
    ['half a surrogate pair', event('"data":"\\ud800"'), 'data'],
    ['__proto__ as attribute', event('"__proto__":{"a":1}'), '__proto__'],
    ['a number without end', event('"data":{"n":1e999}'), 'data.n'],
    ['a reserved name', event('"position":4'), 'position'],
    ['an object as attribute', event('"meta":{}'), 'meta'],
    ['data twice over', event('"data":1,"data_base64":"AA=="'), 'data_base64'],
    ['data_base64 that is none', event('"data_base64":"§"'), 'data_base64'],
    ['a time that is none', event('"time":"2026-02-30T00:00:00Z"'), 'time'],
  ])('is refused: %s', async (_, body, field) => {
    const named = await refusal({ body }, 400);
    if (field === undefined) expect(named).toBeUndefined();
    else expect(named?.startsWith(field)).toBe(true);
  });

  it.each([
    ['specversion', { specversion: undefined }],
    ['specversion', { specversion: '0.3' }],
    ['id', { id: undefined }],
    ['id', { id: '' }],
    ['source', { source: undefined }],
    ['type', { type: null }],
  ])('is refused as a CloudEvent with a wrong %s', async (field, more) => {
    expect(await refusal({ body: cloud(more), headers: { 'content-type': CLOUD } }, 400)).toBe(
      field,
    );
    const batch = { body: `[${cloud({})},${cloud(more)}]`, headers: { 'content-type': BATCH } };
    expect(await refusal(batch, 400)).toBe(`events[1].${field}`);
  });

  it('is refused in binary mode without its required headers', async () => {
    expect(await refusal({ body: '1', headers: { 'ce-type': 'a' } }, 400)).toBe('specversion');
    const all = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 'a' };
    expect(await refusal({ body: '1', headers: { ...all, 'ce-subject': '%00' } }, 400)).toBe(
      'subject',
    );
    expect(await refusal({ body: '1', headers: { ...all, 'ce-subject': '%ff' } }, 400)).toBe(
      'ce-subject',
    );
    expect(await refusal({ body: '{', headers: all }, 400)).toBe('data');
    expect(await refusal({ body: '1', headers: { ...all, 'ce-data': 'x' } }, 400)).toBe('ce-data');
  });

  it('is refused when it is not UTF-8', async () => {
    await refusal({ body: new Uint8Array([0x22, 0xff, 0x22]) }, 400);
  });

  it('is refused when it is too large', async () => {
    const large = event(`"data":"${'x'.repeat(MAX_EVENT_BYTES)}"`);
    await refusal({ body: large }, 413);
    await refusal({ body: large, headers: { 'content-type': CLOUD } }, 413);
    await refusal({ body: `[${large}]` }, 413);
    await refusal({ body: 'x'.repeat(9 * MAX_EVENT_BYTES) }, 413);
    const many = Array.from({ length: 1_001 }, () => ({ type: 'a' }));
    await refusal({ body: JSON.stringify(many) }, 413);
  });

  it('is refused when it inflates beyond the limit', async () => {
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(200 * MAX_EVENT_BYTES, ' ')));
    expect(bomb.length).toBeLessThan(MAX_EVENT_BYTES);
    await refusal({ body: bomb, headers: { 'content-encoding': 'gzip' } }, 413);
    await refusal({ body: '{}', headers: { 'content-encoding': 'gzip' } }, 400);
    await refusal({ body: '{}', headers: { 'content-encoding': 'zstd' } }, 415);
  });

  it('is refused with a content type that is unknown', async () => {
    for (const type of ['text/plain', 'application/cloudevents+xml', 'multipart/form-data'])
      await refusal({ body: '{}', headers: { 'content-type': type } }, 415);
  });

  it('is refused for a topic that cannot be', async () => {
    for (const topic of ['$system', 'a b', '%00', '%ff', 'x'.repeat(300)])
      await refusal({ path: `/api/v1/topics/${topic}/events`, body: '{"type":"a"}' }, 400);
  });

  it('is refused with an Idempotency-Key that contradicts the id', async () => {
    const headers = { 'idempotency-key': 'other' };
    expect(await refusal({ body: event('"id":"1"'), headers }, 400)).toBe('Idempotency-Key');
  });

  it('never breaks the server, whatever is sent', async () => {
    const body = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .dictionary(fc.string(), fc.jsonValue())
        .map((attributes) => JSON.stringify({ type: 'a', ...attributes })),
    );
    const type = fc.constantFrom(JSON_TYPE, CLOUD, BATCH, 'text/plain');
    await fc.assert(
      fc.asyncProperty(body, type, async (text, contentType) => {
        const headers = { 'content-type': contentType };
        const { response } = await send({ body: text, headers });
        expect([201, 400, 413, 415]).toContain(response.status);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a question that is not right', () => {
  it.each([
    ['/api/v1/events?limit=0', 'limit'],
    ['/api/v1/events?limit=501', 'limit'],
    ['/api/v1/events?limit=1.5', 'limit'],
    ['/api/v1/events?limit=ten', 'limit'],
    ['/api/v1/events?limit=1&limit=2', 'limit'],
    ['/api/v1/events?cursor=nonsense', 'cursor'],
    ['/api/v1/events?where=$.a%20%3E', 'where'],
    ['/api/v1/events?where=drop%20table', 'where'],
    ['/api/v1/events?typ=a', 'typ'],
    ['/api/v1/events?after=yesterday', 'after'],
    ['/api/v1/events?fromPosition=-1', 'fromPosition'],
    ['/api/v1/events?partition=9999999999', 'partition'],
    ['/api/v1/events?topic=%ff', 'query'],
    ['/api/v1/events?topic=%00', 'query'],
    ['/api/v1/events/stream?fromPosition=x', 'fromPosition'],
    ['/api/v1/events/stream?where=$.(', 'where'],
    ['/api/v1/streams?limit=0', 'limit'],
    ['/api/v1/streams?cursor=%25', 'cursor'],
    ['/api/v1/streams/a/events?fromVersion=x', 'fromVersion'],
    ['/api/v1/audit?cursor=x', 'cursor'],
  ])('is refused: %s', async (path, field) => {
    expect(await refusal({ method: 'GET', path }, 400)).toBe(field);
  });

  it('is refused as an export before the export begins', async () => {
    const headers = { accept: 'application/x-ndjson' };
    const path = '/api/v1/events?where=$.(';
    expect(await refusal({ method: 'GET', path, headers }, 400)).toBe('where');
  });

  it('finds nothing where nothing is', async () => {
    await refusal({ method: 'GET', path: '/api/v1/nothing' }, 404);
    await refusal({ method: 'GET', path: '/api/v1/events/unknown' }, 404);
    await refusal({ method: 'GET', path: '/api/v1/streams/unknown/events' }, 404);
    await refusal({ method: 'GET', path: '/api/v1/topics/unknown' }, 404);
  });

  it('is told which methods there are', async () => {
    const { response } = await send({ method: 'DELETE', path: '/api/v1/events' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')?.split(', ').toSorted()).toEqual(['GET', 'POST']);
  });

  it('is refused from another site', async () => {
    const body = '{"type":"a"}';
    await refusal({ body, headers: { origin: 'https://evil.example' } }, 403);
    await refusal({ body, headers: { 'sec-fetch-site': 'cross-site' } }, 403);
  });
});

describe('an append that is not right', () => {
  const path = '/api/v1/streams/account-1/events';

  it('is refused with the version there is', async () => {
    const body = JSON.stringify({ expectedVersion: 5, events: [{ type: 'opened' }] });
    const { response, text } = await send({ path, body });
    expect(response.status).toBe(409);
    expect(JSON.parse(text)).toMatchObject({ expectedVersion: 5, currentVersion: 0 });
  });

  it.each([
    ['{}', 'events'],
    ['{"events":[]}', 'events'],
    ['{"events":[{}]}', 'events[0].type'],
    ['{"events":[1]}', 'events[0]'],
    ['{"events":[{"type":"a","data":"\\u0000"}]}', 'events[0].data'],
    ['{"expectedVersion":-1,"events":[{"type":"a"}]}', 'expectedVersion'],
    ['{"expectedVersion":"some","events":[{"type":"a"}]}', 'expectedVersion'],
  ])('is refused: %s', async (body, field) => {
    expect(await refusal({ path, body }, 400)).toBe(field);
  });
});

describe('a change that is not right', () => {
  const SUBSCRIPTION = '/api/v1/subscriptions/pull-1';
  beforeAll(async () => {
    const { response } = await send({ method: 'PUT', path: SUBSCRIPTION, body: '{}' });
    expect(response.status).toBe(201);
  });

  it.each([
    ['PUT', '/api/v1/topics/t', '{"partitions":0}', 'partitions'],
    ['PUT', '/api/v1/topics/t', '{"partition":4}', 'partition'],
    ['PUT', '/api/v1/topics/a%20b', '{}', 'topic'],
    ['GET', '/api/v1/topics/bad/histogram?buckets=0', undefined, 'buckets'],
    [
      'GET',
      '/api/v1/histogram?after=2026-01-02T00:00:00Z&before=2026-01-01T00:00:00Z',
      undefined,
      'after',
    ],
    ['GET', '/api/v1/timeline', undefined, 'after'],
    ['GET', '/api/v1/topology?window=-1', undefined, 'window'],
    ['PUT', '/api/v1/subscriptions/a%20b', '{}', 'name'],
    ['PUT', '/api/v1/subscriptions/s', '{"retry":{"maxRetries":-1}}', 'retry.maxRetries'],
    ['PUT', '/api/v1/subscriptions/s', '{"filter":{"topics":"x"}}', 'filter.topics'],
    ['PUT', '/api/v1/subscriptions/s', '{"unknown":1}', 'unknown'],
    ['POST', `${SUBSCRIPTION}/reset`, '{"to":"middle"}', 'to'],
    ['POST', `${SUBSCRIPTION}/receive`, '{"max":0}', 'max'],
    ['POST', `${SUBSCRIPTION}/ack`, '{"deliveryIds":[]}', 'deliveryIds'],
    ['POST', `${SUBSCRIPTION}/breaker`, '{"state":"ajar"}', 'state'],
    ['GET', `${SUBSCRIPTION}/history?step=0`, undefined, 'step'],
    ['POST', '/api/v1/dead-letters/redrive', '{"ids":[]}', 'ids'],
    ['POST', '/api/v1/dead-letters/redrive', '{"filter":{}}', 'filter'],
    ['POST', '/api/v1/dead-letters/redrive', '{}', 'ids'],
    ['GET', '/api/v1/dead-letters?status=gone', undefined, 'status'],
    ['GET', '/api/v1/dead-letters?cursor=x', undefined, 'cursor'],
    ['POST', '/api/v1/replays', '{"from":-1,"to":1,"target":{"subscription":"s"}}', 'from'],
    ['POST', '/api/v1/replays', '{"from":1,"to":2,"target":{}}', 'target'],
    ['GET', '/api/v1/operations?cursor=x', undefined, 'cursor'],
    ['GET', '/api/v1/operations?state=lost', undefined, 'state'],
  ])('is refused: %s %s %s', async (method, path, body, field) => {
    const sent = { method, path, ...(body === undefined ? {} : { body }) };
    expect(await refusal(sent, 400)).toBe(field);
  });

  it.each([
    ['GET', '/api/v1/subscriptions/none'],
    ['DELETE', '/api/v1/subscriptions/none'],
    ['POST', '/api/v1/subscriptions/none/pause'],
    ['GET', '/api/v1/subscriptions/none/lag'],
    ['POST', '/api/v1/subscriptions/none/receive'],
    ['GET', '/api/v1/topics/none/histogram'],
    ['GET', '/api/v1/dead-letters/none'],
    ['POST', '/api/v1/dead-letters/none/retry'],
    ['POST', '/api/v1/dead-letters/01a1fc0d-43ec-76ed-817f-2d35d6fe0404/retry'],
    ['PATCH', '/api/v1/dead-letters/groups/none'],
    ['GET', '/api/v1/operations/none'],
    ['POST', '/api/v1/operations/01a1fc0d-43ec-76ed-817f-2d35d6fe0404/pause'],
    ['POST', '/api/v1/scenarios/none/start'],
  ])('meets nothing: %s %s', async (method, path) => {
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: '{}' };
    await refusal({ method, path, ...body }, 404);
  });

  it('is refused with another content type', async () => {
    const headers = { 'content-type': 'text/plain' };
    await refusal({ method: 'PUT', path: '/api/v1/topics/t', body: '{}', headers }, 415);
  });
});

it('answers every plain question', async () => {
  const put = { method: 'PUT', path: '/api/v1/topics/bad', body: '{}' };
  expect((await send(put)).response.ok).toBe(true);
  for (const path of [
    '/api/v1/topics',
    '/api/v1/topics/bad',
    '/api/v1/topics/bad/histogram',
    '/api/v1/histogram',
    '/api/v1/timeline?after=2026-01-01T00:00:00Z&before=2026-01-02T00:00:00Z&lanes=consumer',
    '/api/v1/topology',
    '/api/v1/subscriptions',
    '/api/v1/subscriptions/pull-1/lag',
    '/api/v1/subscriptions/pull-1/history',
    '/api/v1/dead-letters',
    '/api/v1/dead-letters/groups',
    '/api/v1/operations',
    '/api/v1/scenarios',
    '/api/v1/audit',
    '/metrics',
    '/readyz',
  ]) {
    const { response, text } = await send({ method: 'GET', path });
    expect(response.status, `${path} ${text}`).toBe(200);
  }
});

it('logs nothing as unexpected', () => {
  expect(unexpected).toEqual([]);
});
