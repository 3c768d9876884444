import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { systemClock } from '../clock.ts';
import { isEngineError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { type StreamNews } from './event-log.ts';
import { type NewEvent } from './event-record.ts';
import { createEventLog, type PostgresEventLog } from './postgres-event-log.ts';
import { createTopics, type LoadableTopics } from './topics.ts';

const MOST = 50;
const BALANCE = 40;

let kit: TestDatabase;
let topics: LoadableTopics;
const logs: PostgresEventLog[] = [];

async function openLog(nodeId: string): Promise<PostgresEventLog> {
  const log = createEventLog({
    database: kit.database,
    clock: systemClock,
    logger: silentLogger,
    findTopic: (name) => topics.find(name),
    findTopicById: (id) => topics.findById(id),
    refreshTopics: () => topics.refresh(),
    nodeId,
  });
  await log.start();
  logs.push(log);
  return log;
}

beforeAll(async () => {
  kit = await createTestDatabase();
  topics = createTopics({
    database: kit.database,
    clock: systemClock,
    wakeOutbox: () => undefined,
    nextOffset: () => 0,
    publishedPerSecond: () => new Map(),
  });
  await topics.load();
  await topics.ensure('account');
});
afterAll(async () => {
  for (const log of logs) await log.stop();
  await kit.drop();
});

const withdrawn = (id: string): NewEvent => ({
  id,
  source: 'test',
  type: 'money.withdrawn',
  subject: null,
  time: '2025-01-10T00:00:00.000Z',
  partitionKey: null,
  correlationId: null,
  causationId: null,
  extensions: null,
  dataText: '{"amount":1}',
  dataBinary: null,
  sizeBytes: 300,
});

/** Withdraws one as long as there is something, knowing nothing of the account but what the news say. */
function withdraw(log: PostgresEventLog, streamId: string, id: string) {
  let known = 0;
  let version = 0;
  return log.append({
    topic: 'account',
    streamId,
    expectedVersion: 'noStream',
    events: [withdrawn(id)],
    decideAgain: (news: StreamNews) => {
      // Each time it is told everything since the version it first expected.
      known = news.events.length;
      version = news.version;
      if (known !== version) throw new Error('the news have a gap');
      return known < BALANCE ? [withdrawn(id)] : null;
    },
  });
}

describe.each([1, 2])('an append that decides again, from %i processes', (processes) => {
  test('is decided on everything before it: the account is never overdrawn and never left half full', async () => {
    const streamId = `account-${randomUUID()}`;
    const here: PostgresEventLog[] = [];
    for (let index = 0; index < processes; index += 1)
      here.push(await openLog(`node-${randomUUID()}`));

    const outcomes = await Promise.allSettled(
      Array.from({ length: MOST }, (_, index) => {
        const log = here[index % processes];
        if (log === undefined) throw new Error('no log');
        return withdraw(log, streamId, `${streamId}-${index}`);
      }),
    );

    const stored = outcomes.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(stored.map((receipt) => receipt.version).toSorted((a = 0, b = 0) => a - b)).toEqual(
      Array.from({ length: BALANCE }, (_, index) => index + 1),
    );
    expect(refused.every((error) => isEngineError(error, 'version-conflict'))).toBe(true);
    expect(refused).toHaveLength(MOST - BALANCE);
  });
});

describe('an append that decides again', () => {
  test('is answered with its first place when it was stored before', async () => {
    const log = await openLog(`node-${randomUUID()}`);
    const streamId = `account-${randomUUID()}`;
    const [first] = await withdraw(log, streamId, `${streamId}-a`);
    await withdraw(log, streamId, `${streamId}-b`);

    const [again] = await withdraw(log, streamId, `${streamId}-a`);

    expect(again).toEqual({ ...first, duplicate: true });
  });

  test('is refused when its decision fails', async () => {
    const log = await openLog(`node-${randomUUID()}`);
    const streamId = `account-${randomUUID()}`;
    await withdraw(log, streamId, `${streamId}-a`);
    const request = {
      topic: 'account',
      streamId,
      expectedVersion: 0,
      events: [withdrawn(`${streamId}-b`)],
      decideAgain: () => {
        throw new Error('cannot decide');
      },
    };

    await expect(log.append(request)).rejects.toThrow('cannot decide');
    await expect(log.append({ ...request, expectedVersion: 1 })).resolves.toHaveLength(1);
  });
});
