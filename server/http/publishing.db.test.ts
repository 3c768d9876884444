import { createHmac, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { CloudEvent, HTTP } from 'cloudevents';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type PublishReceipt,
  publishResponseSchema,
  type StoredEvent,
  storedEventSchema,
} from '#contracts/event.ts';
import { createTestApi, type TestApi } from '#server/testing/test-api.ts';

const GITHUB_SECRET = 'a secret of two sides';

type Example = { readonly event: string; readonly payload: Record<string, unknown> };
const examples: readonly Example[] = z
  .array(z.object({ name: z.string(), examples: z.array(z.record(z.string(), z.unknown())) }))
  .parse(createRequire(import.meta.url)('@octokit/webhooks-examples'))
  .flatMap(({ name, examples: payloads }) => payloads.map((payload) => ({ event: name, payload })));

const repositoryOf = ({ payload }: Example): string => {
  const repository = z.object({ full_name: z.string() }).safeParse(payload['repository']);
  return repository.success ? repository.data.full_name : 'no/repository';
};

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi({ config: { githubSecret: GITHUB_SECRET } });
});
afterAll(() => api.drop());

async function send(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<PublishReceipt[]> {
  const response = await fetch(`${api.url}${path}`, { method: 'POST', body, headers });
  const text = await response.text();
  expect(response.status, text).toBe(201);
  return publishResponseSchema.parse(JSON.parse(text)).events;
}

/** The events of a topic in the order they were logged, one partition after the other. */
async function readAll(topic: string): Promise<StoredEvent[]> {
  const response = await fetch(`${api.url}/api/v1/events?topic=${topic}`, {
    headers: { accept: 'application/x-ndjson' },
  });
  expect(response.status).toBe(200);
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => storedEventSchema.parse(JSON.parse(line)));
}

/** Stored once, equal, and per repository in one partition in the order published. */
function expectAllStored(
  stored: readonly StoredEvent[],
  receipts: readonly PublishReceipt[],
): void {
  expect(stored).toHaveLength(examples.length);
  expect(new Set(receipts.map(({ position }) => position)).size).toBe(examples.length);
  const byId = new Map(stored.map((event) => [event.id, event]));
  const last = new Map<string, StoredEvent>();
  examples.forEach((example, index) => {
    const event = byId.get(receipts[index]?.id ?? '');
    expect(event?.data).toEqual(example.payload);
    expect(event?.offset).toBe(receipts[index]?.offset);
    const key = event?.partitionkey ?? '';
    const before = last.get(key);
    if (before !== undefined && event !== undefined) {
      expect(event.partition).toBe(before.partition);
      expect(event.offset).toBeGreaterThan(before.offset);
    }
    if (event !== undefined && key !== '') last.set(key, event);
  });
}

const toCloudEvent = (example: Example) =>
  new CloudEvent({
    type: `com.github.${example.event}`,
    source: 'https://github.com/octokit',
    id: randomUUID(),
    subject: repositoryOf(example),
    partitionkey: repositoryOf(example),
    data: example.payload,
  });

const headersOf = (headers: object): Record<string, string> =>
  z.record(z.string(), z.string()).parse(headers);

describe('every payload GitHub sends', () => {
  it('is 329 of them', () => {
    expect(examples).toHaveLength(329);
  });

  it.each([
    ['structured', HTTP.structured],
    ['binary', HTTP.binary],
  ])('is stored once and read back equal in %s mode', async (mode, write) => {
    const topic = `github-${mode}`;
    const receipts: PublishReceipt[] = [];
    for (const event of examples.map(toCloudEvent)) {
      const { headers, body } = write(event);
      const path = `/api/v1/topics/${topic}/events`;
      receipts.push(...(await send(path, String(body), headersOf(headers))));
      const [again] = await send(path, String(body), headersOf(headers));
      expect(again).toEqual({ ...receipts.at(-1), duplicate: true });
    }

    expectAllStored(await readAll(topic), receipts);
  });

  it('is stored once and read back equal in batched mode', async () => {
    const events = examples.map(toCloudEvent);
    const receipts: PublishReceipt[] = [];
    for (let from = 0; from < events.length; from += 100) {
      const body = JSON.stringify(events.slice(from, from + 100));
      const headers = { 'content-type': 'application/cloudevents-batch+json' };
      receipts.push(...(await send('/api/v1/topics/github-batch/events', body, headers)));
    }

    expectAllStored(await readAll('github-batch'), receipts);
  });

  it('is stored once and read back equal as a raw webhook', async () => {
    const receipts: PublishReceipt[] = [];
    for (const [index, { event, payload }] of examples.entries()) {
      const json = JSON.stringify(payload);
      const form = index % 2 === 1;
      const body = form ? new URLSearchParams({ payload: json }).toString() : json;
      const signature = createHmac('sha256', GITHUB_SECRET).update(body).digest('hex');
      const sent = await send('/api/v1/ingest/github', body, {
        'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
        'x-github-event': event,
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': `sha256=${signature}`,
      });
      receipts.push(...sent);
    }

    const stored = await readAll('github');
    expectAllStored(stored, receipts);
    const opened = stored.find(({ type }) => type === 'com.github.issues.opened');
    expect(opened).toMatchObject({
      source: 'https://github.com/Codertocat/Hello-World',
      subject: 'Codertocat/Hello-World',
      partitionkey: 'Codertocat/Hello-World',
    });
  });

  it('is refused with a wrong signature or none', async () => {
    const headers = { 'content-type': 'application/json', 'x-github-event': 'push' };
    for (const signature of [undefined, 'sha256=00', `sha256=${'0'.repeat(64)}`]) {
      const response = await fetch(`${api.url}/api/v1/ingest/github`, {
        method: 'POST',
        body: '{}',
        headers:
          signature === undefined ? headers : { ...headers, 'x-hub-signature-256': signature },
      });
      expect(response.status).toBe(401);
    }
  });
});
