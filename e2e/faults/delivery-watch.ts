import { type Received } from './journal.ts';
import { until } from './until.ts';

type Noted = Pick<Received, 'eventId' | 'deliveryId' | 'partition'>;

/** A server that delivers a partition, and since when it is that one. */
type Turn = { readonly server: number; readonly sinceMs: number };

/** Which server delivers what, while it happens; the journals say it in full. */
export class DeliveryWatch {
  readonly #turns = new Map<number, Turn>();
  /** The deliveries of each event, in the order they came. */
  readonly #deliveries = new Map<string, string[]>();
  readonly #acknowledged = new Set<string>();
  #total = 0;

  /** Deliveries so far. */
  get total(): number {
    return this.#total;
  }

  /** Those of events that had been delivered before. */
  get repeated(): number {
    return this.#total - this.#deliveries.size;
  }

  /** Events of which a delivery was acknowledged, and another one came after that delivery. */
  get cameAgain(): readonly string[] {
    return [...this.#deliveries]
      .filter(([, deliveryIds]) =>
        deliveryIds.slice(0, -1).some((id) => this.#acknowledged.has(id)),
      )
      .map(([eventId]) => eventId);
  }

  note(server: number, deliveries: readonly Noted[]): void {
    const sinceMs = performance.now();
    this.#total += deliveries.length;
    for (const { eventId, deliveryId, partition } of deliveries) {
      const before = this.#deliveries.get(eventId);
      if (before === undefined) this.#deliveries.set(eventId, [deliveryId]);
      else before.push(deliveryId);
      if (this.#turns.get(partition)?.server === server) continue;
      this.#turns.set(partition, { server, sinceMs });
    }
  }

  /** A server said so. */
  acknowledged(deliveryIds: readonly string[]): void {
    for (const id of deliveryIds) this.#acknowledged.add(id);
  }

  /** The server that delivered the partition last. */
  serverOf(partition: number): number | undefined {
    return this.#turns.get(partition)?.server;
  }

  /** The partitions that this server delivered last. */
  partitionsOf(server: number): readonly number[] {
    return [...this.#turns].filter(([, turn]) => turn.server === server).map(([key]) => key);
  }

  /** Whether each partition was delivered by its owner last: every owner has one of the servers to itself. */
  isByOwners(ownerOf: ReadonlyMap<number, string | null>, servers: number): boolean {
    const pairs = [...ownerOf].map(([partition, owner]) => [owner, this.serverOf(partition)]);
    const different = [
      pairs.map(([owner]) => owner),
      pairs.map(([, server]) => server),
      pairs.map(([owner, server]) => `${owner} ${server}`),
    ];
    const isKnown = pairs.every(([owner, server]) => owner !== null && server !== undefined);
    return isKnown && different.every((each) => new Set(each).size === servers);
  }

  async untilMore(deliveries: number, withinMs: number): Promise<void> {
    const wanted = this.#total + deliveries;
    await until(`${deliveries} more deliveries`, withinMs, () =>
      this.#total >= wanted ? true : undefined,
    );
  }

  /** How long it takes from now until each partition of this server has been delivered by another one. */
  async untilTakenOver(server: number, withinMs: number): Promise<number> {
    const sinceMs = performance.now();
    const partitions = this.partitionsOf(server);
    if (partitions.length === 0) throw new Error(`Server ${server} delivers nothing.`);
    await until(`others have taken over from server ${server}`, withinMs, () =>
      partitions.some((partition) => this.serverOf(partition) === server) ? undefined : true,
    ).catch((error: unknown) => {
      const left = this.partitionsOf(server);
      throw new Error(`Of partitions ${partitions.join()} it still has ${left.join()}.`, {
        cause: error,
      });
    });
    const takenAtMs = partitions.map((partition) => this.#turns.get(partition)?.sinceMs ?? 0);
    return Math.round(Math.max(...takenAtMs) - sinceMs);
  }
}
