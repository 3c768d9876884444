import { type Owner } from '#server/storage/partition-rows.ts';
import { type Clock } from '../clock.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';
import { type BrokerStore } from './broker-store.ts';

const HEARTBEAT_MS = 3_000;
const SWEEP_EVERY_MS = 3_600_000;
const MAX_SWEEPS = 100;

type NodeLeaseDependencies = {
  readonly store: BrokerStore;
  readonly owner: Owner;
  readonly clock: Clock;
  readonly logger: Logger;
  /** After each heartbeat. */
  readonly onBeat: () => Promise<void>;
  /** Another process runs under this node's name: nothing may be delivered any more. */
  readonly onReplaced: () => void;
};

/** Keeps this process known as alive: one statement every three seconds, whatever it owns. */
export function createNodeLease(deps: NodeLeaseDependencies): Service {
  const { store, owner, clock, logger } = deps;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let sweptMs = clock.monotonicMs();

  const sweep = async (): Promise<void> => {
    if (clock.monotonicMs() - sweptMs < SWEEP_EVERY_MS) return;
    sweptMs = clock.monotonicMs();
    for (let i = 0; i < MAX_SWEEPS; i += 1) {
      if ((await store.deleteOldProcessed()) === 0) return;
    }
  };

  const loop = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(HEARTBEAT_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        if (!(await store.updateNodeHeartbeat(owner.nodeId, owner.incarnation))) {
          logger.error(
            { nodeId: owner.nodeId },
            'another process runs under this node id; this one delivers nothing any more',
          );
          deps.onReplaced();
          return;
        }
        await deps.onBeat();
        await sweep();
      } catch (error) {
        logger.warn({ err: error }, 'the heartbeat failed and is tried again');
      }
    }
  };

  return {
    name: 'node lease',
    start: async () => {
      await store.upsertNode(owner.nodeId, owner.incarnation);
      running = loop();
    },
    stop: async () => {
      if (stopping.signal.aborted) return;
      stopping.abort();
      await running;
      await store.deleteNode(owner.nodeId, owner.incarnation);
    },
  };
}
