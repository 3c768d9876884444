import { createAdapter } from '@socket.io/postgres-adapter';
import type pg from 'pg';
import { type DefaultEventsMap, Server } from 'socket.io';
import { type Operation, operationSchema } from '#contracts/operation.ts';
import { type Logger } from '#server/engine/logger.ts';
import { openRelayPool } from './relay-pool.ts';

const TABLE = 'live_attachments';
const CHANNEL_PREFIX = 'weir_live';
/** Postgres takes less than 8,000; what is larger goes through the table. */
const MAX_NOTIFICATION_BYTES = 7_900;
/** Nothing here counts the servers: who is alive says the engine. */
const HEARTBEAT_MS = 60_000;

type NodeRelayDependencies = {
  readonly pool: pg.Pool;
  readonly othersAlive: () => boolean;
  /** Another server told this. */
  readonly onOperation: (operation: Operation) => void;
  readonly logger: Logger;
};

export type NodeRelay = {
  /** Tells the other servers, when there are any. At most once: what is lost on the way is told again with the next progress. */
  send(operation: Operation): void;
  /** Connects when others are alive and leaves off when they are gone. Call it about once a second. */
  follow(): void;
  close(): void;
};

type Bus = Server<DefaultEventsMap, DefaultEventsMap, { operation: (operation: unknown) => void }>;

/**
 * Carries what only one process knows, how far its operations have come, to the live clients of the others. It is a Socket.IO
 * server without clients: a server's own rooms stay its own, so that what it sends goes through the bounds of each
 * connection wherever it came from. Alone it costs nothing; with others one connection that listens.
 */
export function createNodeRelay(deps: NodeRelayDependencies): NodeRelay {
  let open: { readonly bus: Bus; readonly close: () => void } | null = null;

  const close = (): void => {
    open?.close();
    open = null;
  };
  return {
    send: (operation) => open?.bus.serverSideEmit('operation', operation),
    follow: () => {
      if (!deps.othersAlive()) close();
      else open ??= openBus(deps);
    },
    close,
  };
}

function openBus({ pool, logger, onOperation }: NodeRelayDependencies) {
  const relayPool = openRelayPool(pool);
  const bus: Bus = new Server({
    adapter: createAdapter(relayPool.pool, {
      tableName: TABLE,
      channelPrefix: CHANNEL_PREFIX,
      payloadThreshold: MAX_NOTIFICATION_BYTES,
      heartbeatInterval: HEARTBEAT_MS,
      errorHandler: (error) => logger.debug({ err: error }, 'the live relay missed a message'),
    }),
  });
  bus.on('operation', (message) => {
    const operation = operationSchema.safeParse(message);
    if (operation.success) onOperation(operation.data);
  });
  return {
    bus,
    close: () => {
      // Not bus.close(): that would close an HTTP server, and there is none.
      void bus.of('/').adapter.close();
      relayPool.close();
    },
  };
}
