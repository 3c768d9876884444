import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { leafSchema } from '#contracts/leaf.ts';
import { operationSchema } from '#contracts/operation.ts';
import { problemSchema } from '#contracts/problem.ts';
import { createTestApi, type TestApi } from '#server/testing/test-api.ts';
import { until } from '#server/testing/test-broker.ts';

const LEAF = 50;
const folder = mkdtempSync(join(tmpdir(), 'weir-leaves-'));
chmodSync(folder, 0o755);
let api: TestApi;
beforeAll(async () => {
  api = await createTestApi({ leafPositions: LEAF, archiveFolder: folder });
});
afterAll(async () => {
  await api.drop();
  rmSync(folder, { recursive: true, force: true });
});

const leaves = async () => {
  const answer = await fetch(`${api.url}/api/v1/log/leaves`);
  return z.object({ items: z.array(leafSchema) }).parse(await answer.json()).items;
};
const post = (path: string, body: unknown) =>
  fetch(`${api.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

it('lists leaves, archives and drops the oldest, and brings it back', async () => {
  const events = Array.from({ length: 3 * LEAF }, (_, index) => ({
    type: 't',
    id: `${index}`,
    data: index,
  }));
  const published = await fetch(`${api.url}/api/v1/topics/orders/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify(events.map((event) => ({ specversion: '1.0', source: 's', ...event }))),
  });
  expect(published.status).toBe(201);
  await until(leaves, ([first]) => first?.state === 'sealed');

  for (const [verb, body, state] of [
    ['archive', { drop: true }, 'dropped'],
    ['restore', {}, 'restored'],
  ] as const) {
    const answer = await post(`/api/v1/log/leaves/1/${verb}`, body);
    expect(answer.status).toBe(202);
    expect(operationSchema.parse(await answer.json())).toMatchObject({ kind: verb, total: LEAF });
    const [first] = await until(leaves, ([oldest]) => oldest?.state === state);
    expect(first).toMatchObject({
      from: 1,
      to: LEAF,
      rows: LEAF,
      archive: { file: expect.any(String) },
    });
  }
});

it('answers problems for leaves that are not there or not sealed', async () => {
  for (const [from, status, code] of [
    ['7', 404, 'unknown-leaf'],
    [String((await leaves()).at(-1)?.from), 409, 'wrong-state'],
    ['0', 400, 'invalid-request'],
  ] as const) {
    const answer = await post(`/api/v1/log/leaves/${from}/archive`, {});
    expect(answer.status).toBe(status);
    expect(problemSchema.parse(await answer.json()).code).toBe(code);
  }
});
