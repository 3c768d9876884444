import { systemClock } from '#server/engine/clock.ts';
import { createEventLog, type PostgresEventLog } from '#server/engine/log/postgres-event-log.ts';
import { createTopics, type LoadableTopics } from '#server/engine/log/topics.ts';
import { silentLogger } from '#server/engine/logger.ts';
import { type Database } from '#server/storage/database.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

export type TestLogs = {
  readonly database: Database;
  readonly topics: LoadableTopics;
  /** A started log; several are as those of several processes. */
  open(nodeId?: string): Promise<PostgresEventLog>;
  /** Stops what was opened, and removes the database. */
  drop(): Promise<void>;
};

/** Logs with nothing around them, on a database of their own unless one is given. */
export async function createTestLogs(
  options: { readonly database?: TestDatabase; readonly wakeOutbox?: () => void } = {},
): Promise<TestLogs> {
  const { wakeOutbox = () => undefined } = options;
  const testDatabase = options.database ?? (await createTestDatabase());
  const shared = { database: testDatabase.database, clock: systemClock, logger: silentLogger };
  const opened: PostgresEventLog[] = [];
  const topics = createTopics({
    ...shared,
    wakeOutbox,
    nextOffset: (topicId, partition) => opened[0]?.nextOffset(topicId, partition) ?? 0,
    publishedPerSecond: () => new Map(),
  });
  await topics.load();
  return {
    database: shared.database,
    topics,
    open: async (nodeId = 'node-a') => {
      const log = createEventLog({
        ...shared,
        findTopic: (name) => topics.find(name),
        findTopicById: (id) => topics.findById(id),
        refreshTopics: () => topics.refresh(),
        nodeId,
      });
      await log.start();
      opened.push(log);
      return log;
    },
    drop: async () => {
      for (const log of opened) await log.stop();
      await testDatabase.drop();
    },
  };
}
