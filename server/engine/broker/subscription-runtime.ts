import { type Fault } from '#contracts/scenario.ts';
import { type SubscriptionFilter } from '#contracts/subscription.ts';
import { type Owner } from '#server/storage/partition-rows.ts';
import { type SubscriptionRow } from '#server/storage/subscription-rows.ts';
import { HandlerExecutor } from '../delivery/handler-executor.ts';
import { PullExecutor } from '../delivery/pull.ts';
import { type EventReader, type Publisher, type Topics } from '../engine-parts.ts';
import { type EngineError } from '../errors.ts';
import { type LogRecord } from '../log/event-record.ts';
import { ConsumerMeter } from '../metrics/consumer-meter.ts';
import { type SystemEventType, systemRow } from '../system/system-events.ts';
import { type BreakerChange, CircuitBreaker } from './circuit-breaker.ts';
import { type Executor } from './delivery.ts';
import { type Assignment } from './delivery-source.ts';
import { noteOutOfRange, type OutOfRange } from './out-of-range.ts';
import { SubscriptionRunner } from './runner.ts';
import { type RunnerDependencies } from './runner-dependencies.ts';
import { Settlement } from './settlement.ts';
import { SubscriptionEntry } from './subscription-entry.ts';
import { needsRestart } from './subscription-settings.ts';

export type RuntimeDependencies = Omit<
  RunnerDependencies,
  'onBreakerChange' | 'onOutOfRange' | 'owner' | 'settlement' | 'assignment' | 'onReleased'
> & {
  readonly topics: Pick<Topics, 'findById'>;
  /** Under which this process owns what it takes from now on. */
  readonly owner: () => Owner;
  readonly assignment: (entry: SubscriptionEntry) => Assignment;
  /** Others may take something of the subscription with this id. */
  readonly onReleased: (subscriptionId: number) => void;
  /** The others should look what was changed of subscriptions. */
  readonly onChanged: () => void;
  readonly publisher: Publisher;
  readonly reader: Pick<EventReader, 'matcher'>;
  readonly wakeOutbox: () => void;
};

const BREAKER_EVENTS: Record<BreakerChange, SystemEventType> = {
  opened: 'weir.breaker.opened',
  'half-opened': 'weir.breaker.half-opened',
  closed: 'weir.breaker.closed',
};

/** Makes what runs of a subscription from its row, and starts and stops it. */
export class SubscriptionRuntime {
  readonly #deps: RuntimeDependencies;
  #faults: Readonly<Record<string, Fault>> = {};
  #started = false;

  constructor(deps: RuntimeDependencies) {
    this.#deps = deps;
  }

  setFaults(faults: Readonly<Record<string, Fault>>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** From here on subscriptions may run. */
  open(): void {
    this.#started = true;
  }

  close(): void {
    this.#started = false;
  }

  entryOf(row: SubscriptionRow): SubscriptionEntry {
    return new SubscriptionEntry({
      row,
      matches: this.matcherOf(row.settings.filter),
      breaker: new CircuitBreaker(row.settings.breaker, row.breaker, this.#deps.clock),
      meter: new ConsumerMeter(this.#deps.clock),
    });
  }

  /** Throws invalid-request when `where` does not parse. Topics are chosen by partition and are not looked at again. */
  matcherOf(filter: SubscriptionFilter): (record: LogRecord) => boolean {
    const { types, sources, subjects, where } = filter;
    if (isEmpty(types) && isEmpty(sources) && isEmpty(subjects) && where === undefined)
      return () => true;
    return this.#deps.reader.matcher({
      ...(isEmpty(types) ? {} : { type: types }),
      ...(isEmpty(sources) ? {} : { source: sources }),
      ...(isEmpty(subjects) ? {} : { subject: subjects }),
      ...(where === undefined ? {} : { where }),
    });
  }

  /** The row changed: the entry follows it. Only while nothing of it runs. */
  follow(entry: SubscriptionEntry, row: SubscriptionRow): void {
    entry.row = row;
    entry.matches = this.matcherOf(row.settings.filter);
    const { breaker } = row.settings;
    entry.breaker = new CircuitBreaker(breaker, entry.breaker.state, this.#deps.clock);
  }

  /** A row was changed here: the others should follow. */
  changed(): void {
    this.#deps.onChanged();
  }

  /** Another process changed the row. Only while nothing else is done with the entry. */
  async catchUp(entry: SubscriptionEntry, row: SubscriptionRow): Promise<void> {
    const before = entry.row;
    if (row.revision < before.revision) return;
    // Who had partitions when the offsets were moved must read again where they stand, whether or not it heard of the hold.
    const wasHeld = entry.isHeld || row.heldUntilMs !== before.heldUntilMs;
    const wasMoved = wasHeld && !row.isHeld;
    entry.isHeld = row.isHeld;
    if (needsRestart(before, row) || (wasMoved && row.settings.mode === 'stream')) {
      await this.stop(entry);
      this.follow(entry, row);
      await this.start(entry);
    } else entry.row = row;
    entry.runner?.setEnabled(row.state === 'running');
    if (row.breaker.forcedMs > before.breaker.forcedMs) {
      const state = row.breaker.held ? 'open' : 'closed';
      if (entry.runner === null) entry.breaker.set(state);
      else entry.runner.setBreaker(state);
    }
    await entry.runner?.refresh();
  }

  /** Starts delivering, when there is something to deliver to. */
  async start(entry: SubscriptionEntry): Promise<void> {
    // Under a name that is thought dead nothing can be taken, and it would be kept after the process has another.
    if (!this.#started || entry.runner !== null || !this.#deps.isFresh()) return;
    const owner = this.#deps.owner();
    const executor = this.#executorOf(entry, owner);
    if (executor === null) return;
    const { row } = entry;
    const runner = new SubscriptionRunner(
      {
        id: row.id,
        name: row.name,
        settings: row.settings,
        handlerVersion: row.handlerVersion,
        matches: entry.matches,
      },
      { executor, breaker: entry.breaker, meter: entry.meter, enabled: row.state === 'running' },
      {
        ...this.#deps,
        owner,
        settlement: new Settlement({ ...this.#deps, owner }),
        assignment: () => this.#deps.assignment(entry),
        onReleased: () => this.#deps.onReleased(row.id),
        onBreakerChange: (change) => this.noteBreaker(entry, change),
        onOutOfRange: (place) => this.#noteOutOfRange(entry, place),
      },
    );
    entry.runner = runner;
    entry.pull = executor instanceof PullExecutor ? executor : null;
    try {
      await runner.start();
    } catch (error) {
      entry.runner = null;
      entry.pull = null;
      throw error;
    }
  }

  /** Waits for work in hand. */
  async stop(entry: SubscriptionEntry, reason?: EngineError): Promise<void> {
    const { runner } = entry;
    if (runner === null) return;
    try {
      await runner.stop(reason === undefined ? {} : { reason });
    } finally {
      entry.runner = null;
      entry.pull = null;
    }
  }

  /** Ends at once and stores nothing: this process was thought dead, and what it had may be others' now. */
  abandon(entry: SubscriptionEntry): void {
    entry.runner?.abandon();
    entry.runner = null;
    entry.pull = null;
  }

  /** Whether something here could handle deliveries. */
  canRun({ row, definition }: SubscriptionEntry): boolean {
    return this.#started && (row.settings.delivery.kind === 'pull' || definition !== null);
  }

  /** Moved by a person, in all processes. */
  async forceBreaker(
    entry: SubscriptionEntry,
    state: 'open' | 'closed',
    actor: string,
  ): Promise<void> {
    const { store, clock } = this.#deps;
    const now = clock.now();
    const change =
      entry.runner === null ? entry.breaker.set(state) : entry.runner.setBreaker(state);
    const forced = { ...entry.breaker.state, held: state === 'open', forcedMs: now };
    entry.row = { ...entry.row, breaker: forced };
    await store.updateSubscriptionBreaker(entry.row.id, forced);
    this.#deps.onChanged();
    if (change !== null) this.noteBreaker(entry, change, actor);
  }

  /** Stores where the breaker stands now, with the fact that it changed. A failure to store it loses no delivery. */
  noteBreaker(entry: SubscriptionEntry, change: BreakerChange, actor = 'weir'): void {
    const { store, clock, logger, wakeOutbox } = this.#deps;
    const { state, sinceMs, held } = entry.breaker.state;
    const event = {
      type: BREAKER_EVENTS[change],
      subject: entry.row.name,
      data: { state, actor },
    };
    store
      .transaction(async (tx) => {
        await tx.updateSubscriptionBreaker(entry.row.id, { state, sinceMs, held });
        await tx.insertOutbox([systemRow(event, clock.now())]);
      })
      .then(wakeOutbox, (error: unknown) =>
        logger.warn(
          { err: error, subscription: entry.row.name },
          'a breaker change was not stored',
        ),
      );
  }

  #noteOutOfRange({ row }: SubscriptionEntry, place: OutOfRange): void {
    const { logger, wakeOutbox } = this.#deps;
    const where = { subscription: row.name, ...place };
    noteOutOfRange(this.#deps, { ...row, mode: row.settings.mode }, place)
      .then((isNews) => {
        if (isNews) logger.warn(where, 'what a subscription wants next is gone; it awaits a reset');
        return wakeOutbox();
      })
      .catch((error: unknown) =>
        logger.warn({ err: error, ...where }, 'a subscription is out of range; not stored'),
      );
  }

  #executorOf({ row, definition }: SubscriptionEntry, owner: Owner): Executor | null {
    const { delivery, guarantee } = row.settings;
    if (delivery.kind === 'pull') {
      return new PullExecutor({
        clock: this.#deps.clock,
        subscription: row.name,
        visibilityMs: delivery.visibilityMs,
        incarnation: owner.incarnation.slice(0, 8),
        isFresh: this.#deps.isFresh,
      });
    }
    if (definition === null) return null;
    return new HandlerExecutor(
      definition,
      { id: row.id, guarantee },
      { ...this.#deps, owner, faultOf: (name) => this.#faults[name] },
    );
  }
}

const isEmpty = (list: readonly string[] | undefined): list is undefined =>
  list === undefined || list.length === 0;
