import type pg from 'pg';
import { type Operation } from '#contracts/operation.ts';
import { type Logger } from '#server/engine/logger.ts';
import { LatestOperations } from './latest-operations.ts';
import { type LiveEngine } from './live-engine.ts';
import { createNodeRelay } from './node-relay.ts';

type OperationFeedDependencies = {
  readonly engine: Pick<LiveEngine, 'operations' | 'nodes'>;
  readonly pool: pg.Pool;
  readonly logger: Logger;
  /** Hands it to the clients of this server. */
  readonly send: (operation: Operation) => void;
};

export type OperationFeed = {
  start(): void;
  /** Looks whether there are other servers; call it about once a second. */
  follow(): void;
  stop(): void;
};

/** How operations go on, whichever server runs them. */
export function createOperationFeed(deps: OperationFeedDependencies): OperationFeed {
  const { engine } = deps;
  const latest = new LatestOperations();
  const send = (operation: Operation): void => {
    if (latest.accept(operation)) deps.send(operation);
  };
  const relay = createNodeRelay({
    ...deps,
    othersAlive: () => engine.nodes.othersAlive(),
    onOperation: send,
  });
  let unlisten: (() => void) | null = null;
  return {
    start: () => {
      unlisten = engine.operations.onProgress((operation) => {
        send(operation);
        relay.send(operation);
      });
    },
    follow: () => relay.follow(),
    stop: () => {
      unlisten?.();
      relay.close();
    },
  };
}
