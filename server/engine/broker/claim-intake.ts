import { type SubscriptionSettings } from '#contracts/subscription.ts';
import { type ClaimRow, type ClaimWish, type QueueMark } from '#server/storage/claim-rows.ts';
import { type Owner } from '#server/storage/partition-rows.ts';
import { type Clock } from '../clock.ts';
import { type EventLog } from '../log/event-log.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type Logger } from '../logger.ts';
import { type BrokerStore } from './broker-store.ts';
import { type ClaimCommits } from './claim-commits.ts';
import { ClaimedRange } from './claimed-range.ts';
import { type Delivery, type Lease } from './delivery.ts';
import { type DeliveryIntake } from './delivery-source.ts';
import { type IntakeRules } from './intake.ts';
import { type OutOfRange } from './out-of-range.ts';
import { partitionKey } from './owned-partition.ts';
import { PrefetchWindow } from './prefetch-window.ts';
import { Queue } from './queue.ts';
import { QueuePartition } from './queue-partition.ts';
import { takeUnusedClaims, type UnusedClaims } from './unused-claims.ts';

/** A claim is a row: not for less than this when there is more. */
const MIN_CLAIM = 10;
const MAX_CLAIM = 500;
const RESCUE_LIMIT = 20;
const MAX_HELD_BYTES = 32 * 1_048_576;

type ClaimIntakeDependencies = {
  readonly store: BrokerStore;
  readonly owner: Owner;
  readonly log: EventLog;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly head: (topicId: number, partition: number) => number;
  readonly commits: ClaimCommits;
  readonly onOutOfRange: (place: OutOfRange) => void;
};

/**
 * Takes events for one of the competing consumers of a queue: claims ranges, as far as there is room, and hands them out in no promised
 * order. Ranges whose owner died are taken over; only what is undone of them is handed out again.
 */
export class ClaimIntake implements DeliveryIntake {
  readonly ready = new Queue<Delivery>();
  readonly #rules: IntakeRules;
  readonly #deps: ClaimIntakeDependencies;
  readonly #settings: SubscriptionSettings;
  readonly #window: PrefetchWindow;
  readonly #partitions = new Map<number, QueuePartition>();
  /** All whose rows exist and are this process's, also complete ones whose row is not deleted yet. */
  readonly #claims = new Map<number, ClaimedRange>();
  /** Claimed and not finished. */
  #held = 0;
  #bytes = 0;
  /** Read, and handed out as soon as what has to be stored before is stored. */
  #uncommitted: Delivery[] = [];
  #behind = true;
  #rescueDue = true;
  #marksDue = false;
  #fetches = 0;
  #fetching = false;
  #turn = 0;

  constructor(rules: IntakeRules, deps: ClaimIntakeDependencies) {
    this.#rules = rules;
    this.#deps = deps;
    this.#settings = rules.settings;
    this.#window = new PrefetchWindow(rules.settings);
  }

  get partitions(): ReadonlyMap<number, QueuePartition> {
    return this.#partitions;
  }

  get canFetch(): boolean {
    const isDue = this.#behind || this.#rescueDue || this.#marksDue;
    // What is claimed is read whether or not there is room for more.
    return (isDue && this.#hasRoom) || this.#hasUnread || this.#uncommitted.length > 0;
  }

  get isHalfEmpty(): boolean {
    return this.#held * 2 <= this.#limit;
  }

  recheck(): void {
    this.#behind = true;
    this.#rescueDue = true;
    for (const claim of this.#claims.values()) claim.stalled = false;
    for (const partition of this.#partitions.values()) partition.outOfRange = false;
  }

  offer(record: LogRecord): boolean {
    if (!this.#partitions.has(partitionKey(record.topicId, record.partition))) return false;
    this.#behind = true;
    return true;
  }

  async fetch(demand: number): Promise<void> {
    if (demand <= 0 || !this.canFetch) return;
    this.#fetches += 1;
    this.#fetching = true;
    try {
      if (this.#uncommitted.length > 0) await this.#handOut();
      if (this.#rescueDue) await this.#rescue();
      if (this.#marksDue) this.#see(await this.#readMarks());
      if (this.#hasRoom) await this.#claim(demand);
      await this.#readAll();
    } finally {
      this.#fetching = false;
    }
  }

  release(delivery: Delivery): void {
    const claim = delivery.lease;
    if (!(claim instanceof ClaimedRange) || claim.lost) return;
    this.#countBytes(claim, -(delivery.record.dataText?.length ?? 0));
    this.#finish(claim, delivery.record.offset);
    const next = claim.waiting.shift();
    claim.isOut = next !== undefined;
    if (next !== undefined) this.ready.push(next);
  }

  setAside(delivery: Delivery): void {
    this.release(delivery);
  }

  freeLane(): void {
    // Nothing waits for anything in a queue.
  }

  unparked(): void {
    // Nothing is parked in a queue.
  }

  awaitsParking(): boolean {
    return false;
  }

  parkedBehind(): number {
    return 0;
  }

  lose(claim: Lease): void {
    if (!(claim instanceof ClaimedRange) || claim.lost) return;
    claim.lost = true;
    this.#held -= claim.unfinished;
    this.#bytes -= claim.bytes;
    this.forget(claim);
  }

  /** It is complete and its row is gone: nobody can have it any more. */
  complete(claim: ClaimedRange): void {
    claim.isComplete = true;
    this.forget(claim);
  }

  forget(claim: ClaimedRange): void {
    this.#claims.delete(claim.claimId);
    this.#partitionOf(claim)?.claims.delete(claim);
  }

  clear(): void {
    for (const claim of this.#claims.values()) this.lose(claim);
    this.ready.drain();
    this.#uncommitted = [];
    this.#held = 0;
    this.#bytes = 0;
    this.recheck();
  }

  /** Reads how far the queue is; when a fetch claims of it at the same time, the next fetch does so. */
  async look(): Promise<void> {
    const before = this.#fetches;
    const marks = this.#fetching ? [] : await this.#readMarks();
    if (this.#fetching || before !== this.#fetches) this.#marksDue = true;
    else this.#see(marks);
  }

  takeUnused(isStopping: boolean): UnusedClaims {
    return takeUnusedClaims(this.#claims.values(), this.ready, isStopping);
  }

  get #isPull(): boolean {
    return this.#settings.delivery.kind === 'pull';
  }

  get #commitsFirst(): boolean {
    return this.#settings.guarantee === 'at-most-once';
  }

  /** Receivers that pull say themselves how much they want. */
  get #limit(): number {
    const most = this.#isPull ? this.#settings.maxInFlight : this.#window.size;
    return Math.max(MIN_CLAIM, most);
  }

  get #hasRoom(): boolean {
    const least = this.#isPull ? 1 : MIN_CLAIM;
    return this.#limit - this.#held >= least && this.#bytes < MAX_HELD_BYTES;
  }

  get #hasUnread(): boolean {
    if (this.#bytes >= MAX_HELD_BYTES) return false;
    return this.#claims.values().some((claim) => !claim.isRead && !claim.stalled);
  }

  async #rescue(): Promise<void> {
    const { store, owner, logger } = this.#deps;
    this.#rescueDue = false;
    try {
      const held = [...this.#claims.keys()];
      const id = this.#rules.subscriptionId;
      const taking = { held, limit: RESCUE_LIMIT };
      const rows = await store.rescueClaims(id, owner, taking);
      if (rows.length === 0) return;
      const retried = Map.groupBy(
        await store.selectRetriedOfClaims(rows.map((row) => row.id)),
        (one) => one.id,
      );
      for (const row of rows) this.#hold(row, retried.get(row.id) ?? []);
      logger.info({ subscriptionId: id, claims: rows.length }, 'claims were taken over');
      this.#see(await this.#readMarks());
      this.#rescueDue = rows.length === RESCUE_LIMIT;
    } catch (error) {
      this.#rescueDue = true;
      throw error;
    }
  }

  async #claim(demand: number): Promise<void> {
    const wishes = this.#wishes(demand);
    this.#behind = wishes.length > 0;
    if (wishes.length === 0) return;
    const { store, owner } = this.#deps;
    let rows: readonly ClaimRow[];
    try {
      rows = await store.insertClaims(this.#rules.subscriptionId, owner, wishes);
    } catch (error) {
      // Perhaps the claims are made and only the answer is lost.
      this.#rescueDue = true;
      throw error;
    }
    for (const row of rows) this.#hold(row, []);
    if (rows.length < wishes.length) this.#see(await this.#readMarks());
  }

  /** Whole claims of one partition after the other, each time beginning with another one. */
  #wishes(demand: number): ClaimWish[] {
    const room = this.#limit - this.#held;
    const wanted = this.#isPull ? demand : this.#window.batch(this.#held);
    let left = Math.max(MIN_CLAIM, Math.min(room, wanted));
    const partitions = [...this.#partitions.values()];
    const wishes: ClaimWish[] = [];
    this.#turn += 1;
    for (let i = 0; i < partitions.length && left > 0; i += 1) {
      const partition = partitions[(this.#turn + i) % partitions.length];
      if (partition === undefined) break;
      const { topicId, partition: index, known, position } = partition;
      const head = this.#deps.head(topicId, index);
      if (partition.next >= head || partition.isGone(partition.next, this.#deps)) continue;
      const limit = Math.min(left, MAX_CLAIM);
      wishes.push({ topicId, partition: index, head, limit, known, position });
      left -= Math.min(limit, head - partition.next);
    }
    return wishes;
  }

  #hold(row: ClaimRow, retried: readonly { readonly offset: number }[]): void {
    const offsets = retried.map((one) => one.offset);
    const claim = new ClaimedRange(row, offsets, this.#deps.clock.monotonicMs());
    this.#claims.set(row.id, claim);
    this.#partitionOf(claim)?.claims.add(claim);
    this.#partitionOf(claim)?.claimedTo(row.to);
    this.#held += claim.unfinished;
    if (claim.unfinished === 0) this.#deps.commits.note(claim);
  }

  /** At most one claim of a partition in one read, so that a missing offset is known to be missing. */
  async #readAll(): Promise<void> {
    while (this.#hasUnread) {
      const claims = new Map<number, ClaimedRange>();
      for (const claim of this.#claims.values()) {
        const key = partitionKey(claim.topicId, claim.partition);
        if (!claim.isRead && !claim.stalled && !claims.has(key)) claims.set(key, claim);
      }
      await this.#read(claims);
    }
  }

  async #read(claims: ReadonlyMap<number, ClaimedRange>): Promise<void> {
    const list = [...claims.values()];
    const limit = Math.max(...list.map((claim) => claim.progress.to - claim.readOffset));
    const cursors = list.map((claim) => ({
      topicId: claim.topicId,
      partition: claim.partition,
      offset: claim.readOffset,
      position: claim.readPosition,
    }));
    for (const record of await this.#deps.log.readPartitions(cursors, limit)) {
      const claim = claims.get(partitionKey(record.topicId, record.partition));
      if (claim !== undefined && !claim.lost && !claim.isRead)
        this.#take(claim, record, this.#uncommitted);
    }
    for (const [index, claim] of list.entries()) {
      claim.stalled = claim.readOffset === cursors[index]?.offset;
      if (claim.stalled) this.#partitionOf(claim)?.isGone(claim.readOffset, this.#deps);
    }
    await this.#handOut();
  }

  async #handOut(): Promise<void> {
    if (this.#commitsFirst) await this.#deps.commits.flush();
    for (const delivery of this.#uncommitted.splice(0)) {
      if (delivery.lease?.lost !== true) this.#enter(delivery);
    }
  }

  #take(claim: ClaimedRange, record: LogRecord, taken: Delivery[]): void {
    // Between them lie only offsets that are done, or some that retention dropped; those are not passed over in silence.
    const until = Math.min(record.offset, claim.progress.to);
    const gone = claim.firstUndone(until);
    if (gone !== null) {
      this.#partitionOf(claim)?.stopAt(gone, record.offset, this.#deps);
      return;
    }
    claim.readOffset = Math.min(record.offset + 1, claim.progress.to);
    claim.readPosition = record.position + 1;
    if (record.offset >= claim.progress.to) return;
    this.#partitionOf(claim)?.readTo(record.offset + 1, record.position + 1);
    if (claim.progress.isDone(record.offset)) return;
    if (!this.#rules.matches(record)) {
      this.#skip(claim, record.offset);
      return;
    }
    this.#countBytes(claim, record.dataText?.length ?? 0);
    taken.push({
      record,
      lease: claim,
      kind: 'delivery',
      attempt: 1,
      operationId: null,
      dataText: null,
      careful: claim.suspect && !this.#commitsFirst,
      retry: null,
    });
    if (!this.#commitsFirst) return;
    claim.progress.done(record.offset);
    this.#deps.commits.note(claim);
  }

  #enter(delivery: Delivery): void {
    const claim = delivery.lease;
    if (!(claim instanceof ClaimedRange)) return;
    if (claim.suspect && claim.isOut) {
      claim.waiting.push(delivery);
      return;
    }
    claim.isOut = true;
    this.ready.push(delivery);
  }

  #skip(claim: ClaimedRange, offset: number): void {
    if (!claim.progress.isDone(offset)) this.#finish(claim, offset);
  }

  #finish(claim: ClaimedRange, offset: number): void {
    claim.unfinished -= 1;
    this.#held -= 1;
    if (!this.#commitsFirst || !claim.progress.isDone(offset)) {
      claim.progress.done(offset);
      this.#deps.commits.note(claim);
    }
    if (claim.unfinished === 0) this.#window.done(this.#deps.clock.monotonicMs() - claim.claimedMs);
  }

  #countBytes(claim: ClaimedRange, bytes: number): void {
    claim.bytes += bytes;
    this.#bytes += bytes;
  }

  #partitionOf({ topicId, partition }: Lease): QueuePartition | undefined {
    return this.#partitions.get(partitionKey(topicId, partition));
  }

  #readMarks(): Promise<QueueMark[]> {
    const { store } = this.#deps;
    return store.selectQueueMarks(this.#rules.subscriptionId, [...this.#claims.keys()]);
  }

  #see(marks: readonly QueueMark[]): void {
    for (const mark of marks) {
      const key = partitionKey(mark.topicId, mark.partition);
      const known = this.#partitions.get(key);
      if (known === undefined) this.#partitions.set(key, new QueuePartition(mark));
      else known.see(mark);
    }
    this.#marksDue = false;
    this.#behind = true;
  }
}
