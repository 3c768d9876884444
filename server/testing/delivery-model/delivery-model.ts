/** What was published. */
export type ModelEvent = {
  readonly id: string;
  readonly key: number | null;
  readonly position: number;
  readonly partition: number;
  readonly offset: number;
};

/** One event as it is to be delivered: from the log, in a replay, or as a letter given back. */
export type Item = {
  readonly event: ModelEvent;
  /** Order holds within one: `log`, `redrive`, or the id of a replay. */
  readonly lane: string;
  attempt: number;
  /** `maybe`: it was acknowledged, and a crash may have come before that was stored. */
  state: 'open' | 'out' | 'done' | 'dead' | 'maybe';
  deliveryId: string;
  /** A server died with it, in the receiver's hands or on the way there. */
  isPerhapsTried: boolean;
};

export const LOG = 'log';
export const REDRIVE = 'redrive';

/** What a subscription with `park-key` promises, and a queue, in a few lines. */
export class DeliveryModel {
  items: Item[] = [];
  isPaused = false;
  readonly mode: 'stream' | 'queue';
  readonly #maxRetries: number;

  constructor(mode: 'stream' | 'queue', maxRetries: number) {
    this.mode = mode;
    this.#maxRetries = maxRetries;
  }

  add(event: ModelEvent, lane = LOG): void {
    this.items.push({
      event,
      lane,
      attempt: 1,
      state: 'open',
      deliveryId: '',
      isPerhapsTried: false,
    });
  }

  /**
   * Of a stream the first of each key that is not settled, and all without a key; all of a queue. Replays and letters given back go one at
   * a time of a key as well, but what failed of them lets the next one pass, and letters have no order: each is given back on its own.
   */
  get due(): Item[] {
    if (this.isPaused) return [];
    const seen = new Set<string>();
    const busy = new Set(
      this.in('out').flatMap(({ lane, event }) => (lane === LOG ? [] : [event.key])),
    );
    return this.items.filter((item) => {
      if (isSettled(item)) return false;
      const { lane, event, attempt, state } = item;
      if (this.mode === 'queue' || event.key === null) return state === 'open';
      const key = `${lane} ${event.key}`;
      const isAgain = lane !== LOG && attempt > 1;
      const isInOrder = lane !== REDRIVE && !isAgain;
      const isBehind = (isInOrder && seen.has(key)) || (lane !== LOG && busy.has(event.key));
      if (!isAgain) seen.add(key);
      return !isBehind && state === 'open';
    });
  }

  /** After a crash what was perhaps in flight is handed out one at a time of each partition. */
  get dueWhenCareful(): Item[] {
    const busy = new Set(this.in('out').map(({ event }) => event.partition));
    return this.due.filter(({ event }) => !busy.has(event.partition));
  }

  get maybe(): Item[] {
    return this.isPaused ? [] : this.in('maybe');
  }

  in(state: Item['state']): Item[] {
    return this.items.filter((item) => item.state === state);
  }

  /** What came before it and was perhaps to come again does not any more. */
  handOut(item: Item, delivery: { readonly deliveryId: string; readonly attempt: number }): void {
    if (this.mode === 'stream' && item.lane === LOG)
      for (const one of this.items) {
        if (one === item) break;
        const isBefore = one.lane === LOG && one.event.key === item.event.key;
        if (one.state === 'maybe' && isBefore && item.event.key !== null) one.state = 'done';
      }
    Object.assign(item, { ...delivery, state: 'out' });
  }

  fail(item: Item, retryable: boolean): void {
    const isDead = !retryable || item.attempt > this.#maxRetries;
    item.state = isDead ? 'dead' : 'open';
    if (!isDead) item.attempt += 1;
  }

  /** Whether something failed that was read from the log. */
  get hasFailures(): boolean {
    return this.items.some((item) => item.attempt > 1 || item.state === 'dead');
  }

  /** Nothing is settled behind something that is not: all that is settled stays so when the server starts anew. */
  get isSettledInOrder(): boolean {
    if (this.in('maybe').length > 0) return false;
    if (this.mode === 'queue') return true;
    const ofLog = this.items.filter(({ lane }) => lane === LOG);
    const first = ofLog.findIndex((item) => !isSettled(item) && item.attempt === 1);
    return first < 0 || !ofLog.slice(first).some(isSettled);
  }

  get isReplaying(): boolean {
    return this.items.some((item) => ![LOG, REDRIVE].includes(item.lane) && !isSettled(item));
  }

  /** By partition: the offset up to which all is settled or has failed. */
  get settledUpTo(): ReadonlyMap<number, number> {
    const upTo = new Map<number, number>();
    const ended = new Set<number>();
    for (const item of this.items) {
      const { partition, offset } = item.event;
      if (item.lane !== LOG || ended.has(partition)) continue;
      if (isSettled(item) || item.attempt > 1) upTo.set(partition, offset + 1);
      else ended.add(partition);
    }
    return upTo;
  }

  /** Whether the next attempt at something may be its last without the model knowing. */
  get hasPerhapsTried(): boolean {
    return this.items.some((item) => item.isPerhapsTried && !isSettled(item));
  }

  /** The server ends, in order or not: what is with receivers is theirs no more. */
  dropHands(): void {
    for (const item of this.in('out')) item.state = 'open';
  }

  /** The server dies. One that begins after a death records what it is about to hand out: any of it may count as tried. */
  die(isCareful: boolean): void {
    for (const item of this.items) item.isPerhapsTried ||= isCareful || item.state === 'out';
  }

  /** What was acknowledged and perhaps not stored may come again. */
  forgetAcknowledged(): void {
    for (const item of this.in('done')) if (item.lane === LOG) item.state = 'maybe';
  }

  /** To the start of the log, where it perhaps never was. */
  rewind(events: readonly ModelEvent[]): void {
    this.items = [];
    for (const event of events) this.add(event);
  }
}

export const isSettled = (item: Item): boolean =>
  item.state === 'done' || item.state === 'dead' || item.state === 'maybe';
