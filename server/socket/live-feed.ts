import { type Clock } from '#server/engine/clock.ts';
import { type EventLog } from '#server/engine/log/event-log.ts';
import { type LogRecord } from '#server/engine/log/event-record.ts';
import { type Logger } from '#server/engine/logger.ts';
import { LiveItem } from './live-item.ts';
import { type LiveSubscription } from './live-subscription.ts';
import { MAX_FILL_BYTES } from './pending-budget.ts';

const READ_LIMIT = 1_000;
const READ_BYTES = 1_048_576;
/** Of a page for one that catches up. It takes what waits for it from a page; what it leaves is read again. */
const CATCH_UP_READ_BYTES = MAX_FILL_BYTES;
const FIRST_PAGE_LIMIT = 200;
const SMALLEST_PAGE_LIMIT = 10;
/** Pages one call of `fill` looks through when nothing matches. */
const MAX_PAGES_PER_FILL = 20;
/** Reads for clients that catch up, at once, so that they cannot starve the database. */
const MAX_CATCH_UP_READS = 3;
const RETRY_MS = 1_000;

type LiveFeedDependencies = {
  readonly log: Pick<EventLog, 'tailPosition' | 'onTail' | 'readAfter'>;
  readonly clock: Clock;
  readonly logger: Logger;
};

type Group = {
  readonly matches: (record: LogRecord) => boolean;
  readonly members: Set<LiveSubscription>;
};

/**
 * Follows the log for all clients with one reader. Promises: every live subscription is offered every record after its own
 * position once and in order; one that is behind reads its own pages until it has come as far as the shared reader, and
 * joins it in the same turn of the event loop, so there is no gap and no duplicate between the two.
 */
export class LiveFeed {
  readonly #deps: LiveFeedDependencies;
  /** Subscriptions with one query share one evaluation of it. */
  readonly #groups = new Map<string, Group>();
  readonly #turnstile = new Turnstile(MAX_CATCH_UP_READS);
  #position = 0;
  #isFollowing = false;
  #stopping = new AbortController();
  #unlisten: (() => void) | null = null;

  constructor(deps: LiveFeedDependencies) {
    this.#deps = deps;
  }

  start(): void {
    this.#stopping = new AbortController();
    this.#position = this.#deps.log.tailPosition();
    this.#unlisten = this.#deps.log.onTail(() => this.#wake());
  }

  stop(): void {
    this.#stopping.abort();
    this.#unlisten?.();
    this.#unlisten = null;
    this.#groups.clear();
  }

  /** Makes it live at once when it is not behind; otherwise `fill` has to be called until it is. */
  join(subscription: LiveSubscription): void {
    if (subscription.state !== 'catching-up') return;
    if (subscription.batcher.readTo < this.#position) return;
    const { query, matches } = subscription;
    const group = this.#groups.get(query) ?? { matches, members: new Set() };
    group.members.add(subscription);
    this.#groups.set(query, group);
    subscription.state = 'live';
    this.#wake();
  }

  leave(subscription: LiveSubscription): void {
    subscription.state = 'closed';
    subscription.batcher.close();
    const group = this.#groups.get(subscription.query);
    group?.members.delete(subscription);
    if (group?.members.size === 0) this.#groups.delete(subscription.query);
  }

  /** Reads on for one that is behind until it has a frame, has joined, or has looked through a bounded number of pages. */
  async fill(subscription: LiveSubscription): Promise<void> {
    let limit = FIRST_PAGE_LIMIT;
    for (let page = 0; page < MAX_PAGES_PER_FILL; page += 1) {
      if (subscription.state !== 'catching-up' || subscription.batcher.isFrameFull) return;
      const { readTo } = subscription.batcher;
      const records = await this.#turnstile.run(() =>
        this.#deps.log.readAfter(readTo, limit, CATCH_UP_READ_BYTES),
      );
      // It may have been closed meanwhile.
      if (subscription.state !== 'catching-up') return;
      takeFrom(records, subscription);
      limit = nextLimit(records);
      if (records.length === 0) subscription.batcher.add([], this.#position, true);
      this.join(subscription);
    }
  }

  #wake(): void {
    if (this.#isFollowing || this.#stopping.signal.aborted) return;
    void this.#follow(this.#stopping.signal);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { log, clock, logger } = this.#deps;
    this.#isFollowing = true;
    while (!signal.aborted && this.#position < log.tailPosition()) {
      if (this.#groups.size === 0) {
        this.#position = log.tailPosition();
        break;
      }
      try {
        const records = await log.readAfter(this.#position, READ_LIMIT, READ_BYTES);
        const last = records.at(-1);
        if (last === undefined) break;
        this.#offer(records, last.position);
        this.#position = Math.max(this.#position, last.position);
      } catch (error) {
        logger.warn({ err: error }, 'the live feed could not read the log; it tries again');
        await clock.sleep(RETRY_MS, signal);
      }
    }
    // In the same turn as the last look at the tail: a later wake-up finds the reader at rest.
    this.#isFollowing = false;
  }

  #offer(records: readonly LogRecord[], readTo: number): void {
    const items = new Map<LogRecord, LiveItem>();
    const itemOf = (record: LogRecord): LiveItem => {
      const item = items.get(record) ?? new LiveItem(record);
      items.set(record, item);
      return item;
    };
    for (const group of this.#groups.values()) {
      try {
        const matching = records.filter(group.matches).map(itemOf);
        for (const member of group.members) offerTo(member, matching, readTo);
      } catch (error) {
        // A bug in one query's way must not stop the feed of all others.
        this.#deps.logger.error({ err: error, readTo }, 'a live query failed on a page of events');
      }
    }
  }
}

/** What matches, up to MAX_FILL_BYTES of it. */
function takeFrom(records: readonly LogRecord[], { batcher, matches }: LiveSubscription): void {
  const items: LiveItem[] = [];
  let bytes = 0;
  let { readTo } = batcher;
  for (const record of records) {
    const item = matches(record) ? new LiveItem(record) : null;
    bytes += item?.sizeBytes ?? 0;
    if (bytes > MAX_FILL_BYTES) break;
    if (item !== null) items.push(item);
    readTo = record.position;
  }
  batcher.add(items, readTo, true);
}

function offerTo(member: LiveSubscription, items: readonly LiveItem[], readTo: number): void {
  const { batcher } = member;
  const first = items[0];
  // It joined ahead of the shared reader: it has read these itself.
  const isAhead = first !== undefined && first.position <= batcher.readTo;
  batcher.add(isAhead ? items.filter((item) => item.position > batcher.readTo) : items, readTo);
  if (!batcher.isEmpty) member.onReady();
}

/** As many as should fit into a page, going by the last one: the database looks at that many to tell which of them do. */
function nextLimit(records: readonly LogRecord[]): number {
  if (records.length === 0) return FIRST_PAGE_LIMIT;
  let bytes = 0;
  for (const { dataText, dataBinary } of records) {
    bytes += 400 + (dataText?.length ?? dataBinary?.length ?? 0);
  }
  const fitting = Math.floor((CATCH_UP_READ_BYTES * records.length) / bytes);
  return Math.min(Math.max(fitting, SMALLEST_PAGE_LIMIT), READ_LIMIT);
}

/** Lets a few through at once; the others wait in line. As many wait as there are clients, which are bounded. */
class Turnstile {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
