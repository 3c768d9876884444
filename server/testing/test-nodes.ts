import { type Clock, systemClock } from '#server/engine/clock.ts';
import { createEngine, type Engine } from '#server/engine/engine.ts';
import { type Logger, silentLogger } from '#server/engine/logger.ts';
import { openDatabase } from '#server/storage/database.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

const HOUR_MS = 3_600_000;

export type TestNode = {
  readonly nodeId: string;
  readonly engine: Engine;
  /**
   * As SIGSTOP: no heartbeat any more, and whatever looks at the time finds that much has passed. What is awaited in memory still ends, as
   * it does right after SIGCONT. By the database the node is dead at once.
   */
  freeze(): Promise<void>;
  /** As SIGCONT. */
  thaw(): void;
  /** As SIGTERM; safe twice. */
  stop(): Promise<void>;
};

export type TestNodes = {
  readonly database: TestDatabase;
  /** A started engine with connections of its own, as another process would have. */
  open(nodeId: string, logger?: Logger): Promise<TestNode>;
  drop(): Promise<void>;
};

/** Several engines on one database. */
export async function createTestNodes(): Promise<TestNodes> {
  const database = await createTestDatabase();
  const nodes = new Set<TestNode>();
  return {
    database,
    open: async (nodeId, logger = silentLogger) => {
      const node = await openNode({
        database,
        nodeId,
        logger,
        onStopped: () => nodes.delete(node),
      });
      nodes.add(node);
      return node;
    },
    drop: async () => {
      for (const node of nodes) node.thaw();
      await Promise.all([...nodes].map((node) => node.stop().catch(() => undefined)));
      await database.drop();
    },
  };
}

async function openNode({
  database: shared,
  nodeId,
  logger,
  onStopped,
}: {
  readonly database: TestDatabase;
  readonly nodeId: string;
  readonly logger: Logger;
  /** What is gone is not kept: a long test opens thousands. */
  readonly onStopped: () => void;
}): Promise<TestNode> {
  const database = openDatabase({ url: shared.url, poolSize: 8 });
  const clock = freezingClock();
  const engine = createEngine({
    database,
    clock: clock.clock,
    random: Math.random,
    logger,
    nodeId,
    version: 'test',
    autoCreateTopics: true,
  });
  await engine.start();
  const stopEngine = async () => {
    try {
      await engine.stop();
    } finally {
      await database.close();
      onStopped();
    }
  };
  let stopped: Promise<void> | undefined;
  return {
    nodeId,
    engine,
    freeze: async () => {
      clock.freeze();
      await shared.database.pool.query(
        `UPDATE nodes SET heartbeat_at = now() - interval '1 hour' WHERE node_id = $1`,
        [nodeId],
      );
    },
    thaw: clock.thaw,
    stop: () => {
      stopped ??= stopEngine();
      return stopped;
    },
  };
}

function freezingClock(): { clock: Clock; freeze: () => void; thaw: () => void } {
  let passedMs = 0;
  let frozen: { readonly over: Promise<void>; readonly end: () => void } | null = null;
  return {
    clock: {
      ...systemClock,
      monotonicMs: () => systemClock.monotonicMs() + passedMs,
      sleep: async (ms, signal) => {
        await systemClock.sleep(ms, signal);
        await frozen?.over;
      },
    },
    freeze: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      frozen = { over: promise, end: resolve };
      passedMs += HOUR_MS;
    },
    thaw: () => {
      frozen?.end();
      frozen = null;
    },
  };
}
