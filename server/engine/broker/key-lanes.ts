type Lane<Item> = {
  /** Items behind the one that runs; from `head` on. */
  readonly waiting: Item[];
  head: number;
  /** The one in front failed and waits for its retry: what comes later is parked. */
  blocked: boolean;
  /** Parked and not yet taken back. */
  parked: number;
};

/**
 * Keeps the order of events with one order key: at most one of a key runs, the others wait behind it, or are parked while it is being
 * retried. A key with nothing in front costs one map entry while its event runs and none after.
 */
export class KeyLanes<Item> {
  /** null: one runs and nothing waits. */
  readonly #lanes = new Map<string, Lane<Item> | null>();
  #parked = 0;

  /** Parked items of all keys. */
  get parked(): number {
    return this.#parked;
  }

  enter(key: string, item: Item): 'run' | 'wait' | 'park' {
    const lane = this.#lanes.get(key);
    if (lane === undefined) {
      this.#lanes.set(key, null);
      return 'run';
    }
    if (lane?.blocked) {
      this.#park(lane, 1);
      return 'park';
    }
    this.#open(key).waiting.push(item);
    return 'wait';
  }

  /** The running one is settled: the next to run, or null when the key is free. */
  leave(key: string): Item | null {
    const lane = this.#lanes.get(key);
    if (lane === undefined) throw new Error(`no event of key "${key}" is running`);
    const next = lane?.waiting[lane.head];
    if (!lane || next === undefined) {
      this.#lanes.delete(key);
      return null;
    }
    lane.head += 1;
    if (lane.head > 64 && lane.head * 2 > lane.waiting.length) {
      lane.waiting.splice(0, lane.head);
      lane.head = 0;
    }
    return next;
  }

  /** The running one failed and will be retried: those that waited are returned to be parked, and later ones will be. */
  block(key: string): Item[] {
    const lane = this.#open(key);
    const waiting = lane.waiting.splice(0).slice(lane.head);
    lane.head = 0;
    lane.blocked = true;
    this.#park(lane, waiting.length);
    return waiting;
  }

  /** At start: the key's front is already in retries, with `parked` behind it. */
  restore(key: string, parked: number): void {
    const lane = this.#open(key);
    lane.blocked = true;
    this.#park(lane, parked);
  }

  /** At start: the key's front is being retried and those behind it wait in memory. */
  hold(key: string): void {
    if (!this.#lanes.has(key)) this.#lanes.set(key, null);
  }

  isHeld(key: string): boolean {
    return this.#lanes.has(key);
  }

  isBlocked(key: string): boolean {
    return this.#lanes.get(key)?.blocked ?? false;
  }

  parkedBehind(key: string): number {
    return this.#lanes.get(key)?.parked ?? 0;
  }

  /** A parked one was taken to be run as the new front. */
  unparked(key: string): void {
    const lane = this.#lanes.get(key);
    if (lane) this.#park(lane, -1);
  }

  /** Nothing is parked any more: the key is free. */
  unblock(key: string): void {
    const lane = this.#lanes.get(key);
    if (lane) this.#parked -= lane.parked;
    this.#lanes.delete(key);
  }

  /** Removes and returns what waits behind running ones. */
  drainWaiting(): Item[] {
    const waiting: Item[] = [];
    for (const lane of this.#lanes.values()) {
      if (lane) waiting.push(...lane.waiting.splice(0).slice(lane.head));
      if (lane) lane.head = 0;
    }
    return waiting;
  }

  #park(lane: Lane<Item>, count: number): void {
    lane.parked += count;
    this.#parked += count;
  }

  #open(key: string): Lane<Item> {
    const known = this.#lanes.get(key);
    if (known) return known;
    const lane: Lane<Item> = { waiting: [], head: 0, blocked: false, parked: 0 };
    this.#lanes.set(key, lane);
    return lane;
  }
}
