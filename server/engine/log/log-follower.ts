import { type Database } from '#server/storage/database.ts';
import { selectTail } from '#server/storage/log-rows.ts';
import { countOtherNodes } from '#server/storage/node-rows.ts';
import { type Listening, listen, notify } from '#server/storage/notifications.ts';
import { type Clock } from '../clock.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';

const CHANNEL = 'weir_tail';
/** One notification tells of everything committed in this time; the first after a quiet time is sent at once. */
const NOTIFY_EVERY_MS = 2;
/** Finds what a lost notification should have told, and who else is there. */
const BACKSTOP_MS = 1_000;

type LogFollowerDependencies = {
  readonly database: Pick<Database, 'pool'>;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tailPosition: () => number;
  /** Reads what others wrote, up to the position. */
  readonly catchUp: (tail: number) => Promise<void>;
};

export type LogFollower = Service & {
  /** This process has committed up to here; others are told when there are others. */
  committed(tail: number): void;
  /** Another node was heard of lately; at most a second old. */
  othersAlive(): boolean;
};

/**
 * Keeps several processes on one log: tells the others after each commit, coalesced and over another connection than the one that
 * appends, and reads on when told. While no other node is alive nothing is sent. A lost notification costs at most a second.
 */
export function createLogFollower(deps: LogFollowerDependencies): LogFollower {
  const { database, clock, logger, nodeId } = deps;
  const stopping = new AbortController();
  let listening: Listening | null = null;
  let othersAlive = false;
  let running: Promise<void> = Promise.resolve();

  const announcer = createAnnouncer(deps);

  const heard = (payload: string) => {
    const [from, tail] = payload.split(' ');
    if (from === nodeId || tail === undefined) return;
    othersAlive = true;
    void reach(Number(tail));
  };

  const reach = async (tail: number) => {
    if (tail <= deps.tailPosition()) return;
    await deps
      .catchUp(tail)
      .catch((error: unknown) => logger.warn({ err: error }, 'reading on is tried again'));
  };

  const check = async () => {
    listening ??= await listen(database.pool, CHANNEL, {
      message: heard,
      lost: () => {
        listening = null;
      },
    });
    othersAlive = (await countOtherNodes(database.pool, nodeId)) > 0;
    await reach(await selectTail(database.pool));
  };

  const loop = async () => {
    while (!stopping.signal.aborted) {
      await check().catch((error: unknown) =>
        logger.debug({ err: error }, 'the log of the others cannot be seen now'),
      );
      await clock.sleep(BACKSTOP_MS, stopping.signal);
    }
  };

  return {
    name: 'log follower',
    committed: (tail) => {
      if (othersAlive) announcer.tell(tail);
    },
    othersAlive: () => othersAlive,
    start: async () => {
      running = loop();
    },
    stop: async () => {
      stopping.abort();
      await running;
      announcer.stop();
      listening?.close();
      listening = null;
    },
  };
}

/** Tells the others how far this process has committed: at once after a quiet time, then at most every NOTIFY_EVERY_MS, one at a time. */
function createAnnouncer({ clock, database, logger, nodeId }: LogFollowerDependencies) {
  let isStopped = false;
  let timer: NodeJS.Timeout | null = null;
  let isTelling = false;
  let committed = 0;
  let told = 0;
  let toldMs = Number.NEGATIVE_INFINITY;

  const send = () => {
    timer = null;
    told = committed;
    toldMs = clock.monotonicMs();
    isTelling = true;
    void notify(database.pool, CHANNEL, `${nodeId} ${told}`)
      .catch((error: unknown) =>
        logger.debug(
          { err: error },
          'a notification was not sent; the others find out by themselves',
        ),
      )
      .finally(() => {
        isTelling = false;
        if (committed > told) sendSoon();
      });
  };

  const sendSoon = () => {
    if (isTelling || timer !== null || isStopped) return;
    const waitMs = toldMs + NOTIFY_EVERY_MS - clock.monotonicMs();
    if (waitMs <= 0) send();
    else timer = setTimeout(send, waitMs);
  };

  return {
    tell: (tail: number) => {
      committed = tail;
      sendSoon();
    },
    stop: () => {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
