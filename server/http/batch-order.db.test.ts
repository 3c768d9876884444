// What one request publishes is read in the order the request gave it, value for value, from the log and from a stream.
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventPageSchema, publishResponseSchema, type StoredEvent } from '#contracts/event.ts';
import { sabotageFunction } from '#server/testing/sabotage-function.ts';
import { createTestApi, type TestApi } from '#server/testing/test-api.ts';

const RUNS = Number(process.env['WEIR_MODEL_RUNS'] ?? '30');
const RUN_MS = 1_000;
const TOPIC = 'batches';
const STREAM = 'order-1';

let api: TestApi;
beforeEach(async () => {
  api = await createTestApi();
});
afterEach(() => api.drop());

type Sent = { readonly key: string; readonly data: unknown };

const batch: fc.Arbitrary<Sent[]> = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    data: fc
      .jsonValue({ maxDepth: 3, stringUnit: 'grapheme' })
      .map((value): unknown => JSON.parse(JSON.stringify(value))),
  }),
  { minLength: 2, maxLength: 40 },
);

async function send(path: string, body: unknown): Promise<void> {
  const response = await fetch(`${api.url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer: unknown = await response.json();
  expect(response.status, JSON.stringify(answer)).toBe(201);
  publishResponseSchema.loose().parse(answer);
}

async function read(parameters: string): Promise<readonly StoredEvent[]> {
  const response = await fetch(`${api.url}/api/v1/events?limit=500&${parameters}`);
  return eventPageSchema.parse(await response.json()).items;
}

/** Of the ids: no two batches share one. */
let prefix = 0;
const toCloudEvents = (events: readonly Sent[]) => {
  prefix += 1;
  return events.map(({ key, data }, index) => ({
    specversion: '1.0',
    id: `${prefix}-${index}`,
    source: '/batches',
    type: 'thing.happened',
    partitionkey: key,
    data,
  }));
};

const values = (events: readonly { readonly id: string; readonly data?: unknown }[]) =>
  events.map(({ id, data }) => ({ id, data }));

/** Publishes a batch and reads it back: by the log, by each key, and as part of a stream. */
async function roundTrip(events: readonly Sent[]): Promise<void> {
  const inputs = toCloudEvents(events);
  const fromPosition = api.engine.log.tailPosition() + 1;
  await send(`/topics/${TOPIC}/events`, inputs);

  const stored = await read(`topic=${TOPIC}&fromPosition=${fromPosition}`);

  expect(values(stored)).toEqual(values(inputs));
  for (const key of ['a', 'b', 'c']) {
    const ofKey = await read(`topic=${TOPIC}&key=${key}&fromPosition=${fromPosition}`);
    expect(values(ofKey)).toEqual(values(inputs.filter((input) => input.partitionkey === key)));
  }
}

async function streamRoundTrip(events: readonly Sent[]): Promise<void> {
  const inputs = toCloudEvents(events).map(({ partitionkey: _partitionkey, ...input }) => input);
  const before = (await read(`stream=${STREAM}`)).length;
  await send(`/streams/${STREAM}/events`, { expectedVersion: 'any', events: inputs });

  const stored = (await read(`stream=${STREAM}`)).slice(before);

  const first = stored[0]?.position ?? 0;
  expect(stored.map(({ id, version, position }) => [id, version, position])).toEqual(
    inputs.map(({ id }, index) => [id, before + index + 1, first + index]),
  );
}

test('a batch is read as it was given, whatever its values are', {
  timeout: RUNS * RUN_MS + 30_000,
}, async () => {
  await fc.assert(fc.asyncProperty(batch, roundTrip), { numRuns: RUNS });
});

test('what is appended to a stream at once has versions in the order it was given', async () => {
  for (const size of [2, 17, 100])
    await streamRoundTrip(Array.from({ length: size }, (_, data) => ({ key: 'a', data })));
});

test('notices a log that turns batches round', async () => {
  await sabotageFunction(api.database.database, {
    name: 'append_batch',
    from: 'SELECT tail + e.ord,',
    to: 'SELECT tail + cardinality(p_slot) + 1 - e.ord,',
  });
  const events = [0, 1, 2].map((data) => ({ key: 'a', data }));

  await expect(roundTrip(events)).rejects.toThrow();
  await expect(streamRoundTrip(events)).rejects.toThrow();
});
