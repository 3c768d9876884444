import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newEvent } from '#server/testing/new-event.ts';
import { createTestLogs, type TestLogs } from '#server/testing/test-logs.ts';
import { isEngineError } from '../errors.ts';
import { type StreamNews } from './event-log.ts';
import { type PostgresEventLog } from './postgres-event-log.ts';

const MOST = 50;
const BALANCE = 40;

let kit: TestLogs;
beforeAll(async () => {
  kit = await createTestLogs();
  await kit.topics.ensure('account');
});
afterAll(() => kit.drop());

const withdrawn = (id: string) =>
  newEvent(id, { type: 'money.withdrawn', dataText: '{"amount":1}' });

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
      here.push(await kit.open(`node-${randomUUID()}`));

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
    const log = await kit.open(`node-${randomUUID()}`);
    const streamId = `account-${randomUUID()}`;
    const [first] = await withdraw(log, streamId, `${streamId}-a`);
    await withdraw(log, streamId, `${streamId}-b`);

    const [again] = await withdraw(log, streamId, `${streamId}-a`);

    expect(again).toEqual({ ...first, duplicate: true });
  });

  test('is refused when its decision fails', async () => {
    const log = await kit.open(`node-${randomUUID()}`);
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
