// RT-14 as a client over HTTP meets it: one answer 201, all others 409 with the version the stream has now.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { streamPageSchema } from '#contracts/stream.ts';
import { sabotageFunction } from '#server/testing/sabotage-function.ts';
import { createTestApi, type TestApi } from '#server/testing/test-api.ts';

const ROUNDS = 5;
const AT_ONCE = 64;

let api: TestApi;
let path: string;
beforeEach(async () => {
  api = await createTestApi();
  path = `${api.url}/api/v1/streams/account-1/events`;
});
afterEach(() => api.drop());

const conflictSchema = z.object({
  code: z.literal('version-conflict'),
  currentVersion: z.number(),
});

/** Appends, and reads the stream right after the answer. */
async function append(expectedVersion: number, index: number) {
  const event = {
    specversion: '1.0',
    id: `${expectedVersion}-${index}`,
    source: '/account',
    type: 'account.changed',
  };
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ expectedVersion, events: [event] }),
  });
  const body: unknown = await response.json();
  const told = response.status === 409 ? conflictSchema.parse(body).currentVersion : undefined;
  const read = streamPageSchema.parse(await (await fetch(`${path}?limit=500`)).json());
  return { status: response.status, told, read: read.version };
}

test('one of 64 wins each round, and the others can read at once what they are told', async () => {
  for (let version = 0; version < ROUNDS; version += 1) {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => append(version, index)),
    );

    const winners = answers.filter(({ status }) => status === 201);
    const losers = answers.filter(({ status }) => status === 409);
    expect([winners.length, losers.length]).toEqual([1, AT_ONCE - 1]);
    expect(new Set(losers.map(({ told }) => told))).toEqual(new Set([version + 1]));
    expect(new Set(answers.map(({ read }) => read))).toEqual(new Set([version + 1]));
  }
  const stored = streamPageSchema.parse(await (await fetch(`${path}?limit=500`)).json());
  expect(stored.items.map((event) => event.version)).toEqual([1, 2, 3, 4, 5]);
});

test('notices a server that lets everybody win', async () => {
  await sabotageFunction(api.database.database, {
    name: 'append_batch',
    from: 'IF NOT v_duplicates AND NOT v_conflicts THEN',
    to: 'IF NOT v_duplicates THEN',
  });

  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) => append(0, index)),
  );

  expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(1);
});
