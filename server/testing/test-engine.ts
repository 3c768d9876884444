import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '#server/engine/clock.ts';
import { createEngine, type Engine } from '#server/engine/engine.ts';
import { type Logger, silentLogger } from '#server/engine/logger.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { makeLeavesTiny } from './tiny-leaves.ts';

export type TestEngine = {
  readonly engine: Engine;
  readonly database: TestDatabase;
  /** Stops the engine and removes its database, if it is its own. */
  drop(): Promise<void>;
};

/** A started engine on a database of its own. */
export async function createTestEngine(
  options: {
    readonly clock?: Clock;
    readonly logger?: Logger;
    readonly autoCreateTopics?: boolean;
    /** How many positions a leaf of the log holds. */
    readonly leafPositions?: number;
    readonly archiveFolder?: string;
    /** Another engine's: this is one more server on it, and `drop` leaves it in place. */
    readonly database?: TestDatabase;
  } = {},
): Promise<TestEngine> {
  const database = options.database ?? (await createTestDatabase());
  if (options.leafPositions !== undefined)
    await makeLeavesTiny(database.database, options.leafPositions);
  const engine = createEngine({
    database: database.database,
    clock: options.clock ?? systemClock,
    random: Math.random,
    logger: options.logger ?? silentLogger,
    nodeId: `test-${randomUUID()}`,
    version: 'test',
    autoCreateTopics: options.autoCreateTopics ?? true,
    ...(options.archiveFolder === undefined ? {} : { archiveFolder: options.archiveFolder }),
  });
  await engine.start();
  return {
    engine,
    database,
    drop: async () => {
      await engine.stop();
      if (options.database === undefined) await database.drop();
    },
  };
}
