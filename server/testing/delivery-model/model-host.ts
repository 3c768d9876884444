import { type StoredEvent } from '#contracts/event.ts';
import { selectPartitions } from '#server/storage/partition-rows.ts';
import { selectSubscription } from '#server/storage/subscription-rows.ts';
import { until } from '../test-broker.ts';
import { type TestNode, type TestNodes } from '../test-nodes.ts';

const PAGE = 500;

/** A server that is killed and started again, for one run after the other. */
export class ModelHost {
  node: TestNode;
  crashes = 0;
  readonly #nodes: TestNodes;
  readonly #nodeId: string;
  readonly #gone: Promise<void>[] = [];

  static async start(nodes: TestNodes, nodeId: string): Promise<ModelHost> {
    return new ModelHost(nodes, nodeId, await nodes.open(nodeId));
  }

  private constructor(nodes: TestNodes, nodeId: string, node: TestNode) {
    this.#nodes = nodes;
    this.#nodeId = nodeId;
    this.node = node;
  }

  async restart(): Promise<void> {
    await this.node.stop();
    this.node = await this.#nodes.open(this.#nodeId);
  }

  /** The next life begins before the former has noticed that it is over. */
  async crash(): Promise<void> {
    const former = this.node;
    await former.freeze();
    this.node = await this.#nodes.open(this.#nodeId);
    this.crashes += 1;
    former.thaw();
    this.#gone.push(former.stop().catch(() => undefined));
  }

  /** All of the topic, in order. A search that matches little on a busy machine stops before the end, and says where it goes on. */
  async eventsOf(topic: string): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.node.engine.reader.query({
        topic: [topic],
        direction: 'forward',
        limit: PAGE,
        timeField: 'time',
        ...(cursor === undefined ? {} : { cursor }),
      });
      events.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return events;
  }

  /** Resolves when a server that starts now would find these offsets by partition; one that runs tells of more than it has stored. */
  async untilStored(subscription: string, wanted: ReadonlyMap<number, number>): Promise<void> {
    await until(
      () => this.#storedOffsets(subscription),
      (stored) =>
        [...wanted].every(([partition, offset]) =>
          stored.some((one) => one.partition === partition && one.committed >= offset),
        ),
    );
  }

  /**
   * Resolves when of this topic nothing but what is at these positions counts as tried if the server dies now. In a queue what was
   * recorded before its first attempt stays with its claim: that is not waited for.
   */
  async untilBegunAreOnly(topic: string, positions: readonly number[]): Promise<void> {
    await until(
      () => this.#positionsBegun(topic),
      (begun) => begun.every((position) => positions.includes(position)),
    );
  }

  async stop(): Promise<void> {
    await this.node.stop();
    await Promise.all(this.#gone);
  }

  async #storedOffsets(subscription: string) {
    const { database } = this.#nodes.database;
    const row = await selectSubscription(database.pool, subscription);
    return row === null ? [] : selectPartitions(database.pool, row.id);
  }

  async #positionsBegun(topic: string): Promise<number[]> {
    const { database } = this.#nodes.database;
    const { rows } = await database.pool.query<{ position: number }>(
      `SELECT r.position FROM retries r JOIN topics t ON t.id = r.topic_id JOIN subscriptions s ON s.id = r.subscription_id
       WHERE t.name = $1 AND r.state = 'running'
         AND (s.settings ->> 'mode' = 'stream' OR r.kind <> 'delivery' OR r.attempt > 1)`,
      [topic],
    );
    return rows.map(({ position }) => position);
  }
}
