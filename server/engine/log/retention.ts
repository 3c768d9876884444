import { type Database, type Db } from '#server/storage/database.ts';
import {
  freezeLeaf,
  type LeafRow,
  markSealed,
  selectLeafRow,
  selectLeafRows,
  selectLeafToDrop,
  selectLeafToSeal,
  selectOldestReplayed,
} from '#server/storage/leaf-rows.ts';
import {
  countTopicBytes,
  deleteTopicBytesBelow,
  type RetainedTopic,
  raiseLowMarks,
  selectNextExpiryMs,
  selectRetainedTopics,
  selectSmallFrom,
} from '#server/storage/low-mark-rows.ts';
import { lockOperationSlots } from '#server/storage/operation-rows.ts';
import { type Clock } from '../clock.ts';
import { type Topics } from '../engine-parts.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';
import { type EventLog } from './event-log.ts';
import { finishDrop, startDrop } from './leaf-drop.ts';
import { inTransaction, withUpkeep } from './upkeep.ts';

/** A pass does at most so much and then lets others have the lock. */
const TOPICS_PER_PASS = 200;
const LEAVES_PER_PASS = 4;
const POSITIONS_COUNTED_PER_PASS = 100_000;
/** Between passes: while there is more to do, while some topic keeps only so much, and when nothing does. */
const SOON_MS = 200;
const LIMITED_MS = 5_000;
const IDLE_MS = 60_000;
const LEAST_MS = 100;

type RetentionDependencies = {
  readonly database: Database;
  readonly log: Pick<EventLog, 'refreshLowOffsets' | 'tailPosition' | 'onTail'>;
  readonly topics: Pick<Topics, 'onChange'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly wakeOutbox: () => void;
};

/**
 * Seals full leaves, moves the low marks of topics that keep only so much, and drops leaves nobody needs any more. Woken when the next
 * event grows too old, when a leaf is full, and when a topic changes. One process at a time does it, a bounded part per pass; it takes no
 * lock that an append waits for.
 */
export class Retention implements Service {
  readonly name = 'retention';
  readonly #deps: RetentionDependencies;
  #stopping = new AbortController();
  #rest = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #unlisten: (() => void)[] = [];
  #afterTopic = 0;
  #sealAt = Number.POSITIVE_INFINITY;

  constructor(deps: RetentionDependencies) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    const { log, topics } = this.#deps;
    this.#stopping = new AbortController();
    this.#unlisten = [
      topics.onChange(() => this.wake()),
      log.onTail((tail) => {
        if (tail >= this.#sealAt) this.wake();
      }),
    ];
    this.#running = this.#loop(this.#stopping.signal);
    await Promise.resolve();
  }

  async stop(): Promise<void> {
    for (const unlisten of this.#unlisten.splice(0)) unlisten();
    this.#stopping.abort();
    this.wake();
    await this.#running;
  }

  /** Looks at once. */
  wake(): void {
    this.#rest.abort();
  }

  /** One pass; answers after how many milliseconds the next is due. */
  async pass(): Promise<number> {
    const { database, log } = this.#deps;
    const busy = await withUpkeep(database, (client) => this.#upkeep(client));
    await log.refreshLowOffsets();
    if (busy === true) return SOON_MS;
    const limited = await selectRetainedTopics(database.pool, 0, 1);
    if (limited.length === 0) return IDLE_MS;
    const expiryMs = await selectNextExpiryMs(database.pool);
    return Math.max(LEAST_MS, Math.min(LIMITED_MS, expiryMs ?? LIMITED_MS));
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#deps;
    while (!signal.aborted) {
      this.#rest = new AbortController();
      let pause = LIMITED_MS;
      try {
        pause = await this.pass();
      } catch (error) {
        logger.warn({ err: error }, 'retention met an error and tries again');
      }
      if (!signal.aborted) await clock.sleep(pause, this.#rest.signal);
    }
  }

  /** True when there is more to do at once. */
  async #upkeep(client: Db): Promise<boolean> {
    const leaves = await selectLeafRows(client);
    for (const leaf of leaves.filter((each) => each.isGoing)) await this.#finish(client, leaf);
    const sealed = await this.#seal(client);
    // A leaf that somebody brought back is there to be read: nothing goes until it is dropped again.
    const raised = leaves.some((leaf) => leaf.state === 'restored')
      ? false
      : await this.#raise(client);
    const dropped = await this.#drop(client);
    return sealed || raised || dropped;
  }

  async #seal(client: Db): Promise<boolean> {
    const from = await selectLeafToSeal(client);
    if (from !== null) {
      await freezeLeaf(client, from);
      await markSealed(client, from);
    }
    const next = (await selectLeafRows(client)).find((leaf) => leaf.state === 'hot');
    // The position behind the leaf: its tail alone may be in memory only of whoever writes it.
    this.#sealAt = next?.to ?? Number.POSITIVE_INFINITY;
    return from !== null || this.#deps.log.tailPosition() >= this.#sealAt;
  }

  async #raise(client: Db): Promise<boolean> {
    const topics = await selectRetainedTopics(client, this.#afterTopic, TOPICS_PER_PASS);
    this.#afterTopic = topics.length === TOPICS_PER_PASS ? (topics.at(-1)?.id ?? 0) : 0;
    let more = this.#afterTopic > 0;
    for (const topic of topics) more = (await this.#raiseOne(client, topic)) || more;
    return more;
  }

  async #raiseOne(client: Db, topic: RetainedTopic): Promise<boolean> {
    const { id, maxBytes } = topic;
    const left =
      maxBytes === null
        ? 0
        : await countTopicBytes(client, { id, maxBytes }, POSITIONS_COUNTED_PER_PASS);
    const smallFrom = maxBytes === null ? null : await selectSmallFrom(client, id, maxBytes);
    const due = Math.max(topic.youngFrom ?? 0, smallFrom ?? 0);
    if (due > 0) {
      // A replay is stored under the same lock, so that none begins below a mark that is just being raised.
      const position = await inTransaction(client, async () => {
        await lockOperationSlots(client);
        const needed = (await selectOldestReplayed(client)) ?? due;
        await raiseLowMarks(client, id, Math.min(due, needed));
        return Math.min(due, needed);
      });
      if (maxBytes !== null) await deleteTopicBytesBelow(client, id, position);
    }
    return left > 0;
  }

  async #drop(client: Db): Promise<boolean> {
    for (let count = 0; count < LEAVES_PER_PASS; count += 1) {
      const from = await selectLeafToDrop(client);
      const leaf = from === null ? null : await selectLeafRow(client, from);
      if (leaf === null) return false;
      await startDrop(client, leaf, 'own');
      await this.#finish(client, leaf);
    }
    return true;
  }

  async #finish(client: Db, leaf: LeafRow): Promise<void> {
    const { clock, wakeOutbox } = this.#deps;
    await finishDrop(client, leaf, { actor: 'weir', now: clock.now() });
    wakeOutbox();
  }
}
