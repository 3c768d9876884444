import { createHash } from 'node:crypto';
import { type LogRecord } from '#server/engine/log/event-record.ts';
import { type MemoryLog } from './memory-log.ts';
import { isSamePlace, type LeaseRow, type Tables } from './memory-tables.ts';
import { type Plan } from './simulation-plan.ts';

/** A handler at work on an event. */
export type Attempt = {
  readonly incarnation: string;
  readonly record: LogRecord;
  readonly operationId: string | null;
  readonly kind: 'delivery' | 'replay' | 'redrive';
  readonly epoch: number | null;
};

/** One life of a process, under all the incarnations it has had. */
type Process = {
  readonly incarnation: string;
  /** It was frozen, or its network failed: what it had handled may come again although it gave its partitions up by itself. */
  readonly isDisturbed: boolean;
  isKnownAs(incarnation: string): boolean;
};

type Fate = {
  begun: number;
  ended: number;
  handled: boolean;
  skipped: boolean;
  /** Of the partition, when it was handled last. */
  handledIn: number | null;
  /** Whoever handled it gave its partition up since then, in order: it must not come again. */
  isGivenOn: boolean;
};

const MAX_VIOLATIONS = 20;

/**
 * What happened, and whether it was allowed. Sees the handlers of all processes and the rows after every statement, and nothing of the
 * broker's own memory. The rules are those of RELIABILITY.md: P3 to P8.
 */
export class DeliveryHistory {
  readonly violations: string[] = [];
  readonly #plan: Plan;
  readonly #log: MemoryLog;
  readonly #tables: () => Tables;
  readonly #hash = createHash('sha256');
  readonly #names = new Map<string, string>();
  readonly #fates = new Map<number, Fate>();
  readonly #running = new Set<Attempt>();
  readonly #ownerOfEpoch = new Map<string, string>();
  readonly #replayed = new Map<string, Set<number>>();
  readonly #floors = new Map<number, number>();
  #before: readonly LeaseRow[] = [];
  #purges = 0;
  #resetCount = 0;
  readonly #checkedQueue = new Set<number>();

  constructor(plan: Plan, parts: { readonly log: MemoryLog; readonly tables: () => Tables }) {
    this.#plan = plan;
    this.#log = parts.log;
    this.#tables = parts.tables;
  }

  /** Of everything noted: two runs of one plan have the same. */
  get hash(): string {
    return this.#hash.copy().digest('hex').slice(0, 16);
  }

  note(...facts: readonly unknown[]): void {
    this.#hash.update(JSON.stringify(facts));
  }

  /** Random names in the order they appear, so that they do not make two runs different. */
  nameOf(incarnation: string): string {
    const known = this.#names.get(incarnation) ?? `life-${this.#names.size + 1}`;
    this.#names.set(incarnation, known);
    return known;
  }

  begin(
    incarnation: string,
    record: LogRecord,
    mark: { readonly kind: Attempt['kind']; readonly operationId: string | null },
  ): Attempt {
    const lease = this.#leaseOf(record);
    const epoch = lease?.incarnation === incarnation ? lease.epoch : null;
    const isRedriven = mark.kind === 'delivery' && this.#isRedriven(incarnation, record);
    const kind = isRedriven ? 'redrive' : mark.kind;
    const attempt: Attempt = { incarnation, record, epoch, kind, operationId: mark.operationId };
    this.note('begin', this.nameOf(incarnation), record.position, kind);
    const fate = this.#fateOf(record);
    if (kind === 'delivery') {
      fate.begun += 1;
      if (fate.isGivenOn)
        this.#violation('P5', `event ${record.position} came again after a hand-over`);
      if (epoch !== null && this.#plan.mode === 'stream') this.#checkOrder(attempt);
    }
    this.#running.add(attempt);
    return attempt;
  }

  end(attempt: Attempt, isHandled: boolean): void {
    this.note('end', attempt.record.position, isHandled);
    this.#running.delete(attempt);
    if (attempt.kind === 'replay' && attempt.operationId !== null) {
      const positions = this.#replayed.get(attempt.operationId) ?? new Set();
      positions.add(attempt.record.position);
      this.#replayed.set(attempt.operationId, positions);
    }
    if (attempt.kind !== 'delivery') return;
    const fate = this.#fateOf(attempt.record);
    fate.ended += 1;
    fate.handled ||= isHandled;
    if (isHandled) fate.handledIn = attempt.epoch;
  }

  /** A process that is gone works on nothing. */
  gone(node: Process): void {
    for (const attempt of this.#running)
      if (node.isKnownAs(attempt.incarnation)) this.#running.delete(attempt);
  }

  /** The rows after a statement of the process. */
  look(by: Process, statement: string): void {
    this.note('statement', this.nameOf(by.incarnation), statement);
    const { leases } = this.#tables();
    for (const lease of leases) {
      const before = this.#before.find((row) => isSamePlace(row, lease));
      if (before !== undefined) this.#checkLease(before, lease, by);
    }
    this.#before = leases.map((row) => ({ ...row }));
    this.#checkQueue(statement);
  }

  /** What is left when everything has come to rest. `replays`: the ranges that were replayed to their end. */
  finish(
    replays: readonly { readonly id: string; readonly from: number; readonly to: number }[],
  ): void {
    const { retries, letters } = this.#tables();
    for (const record of this.#log.records) {
      const { handled, skipped, begun } = this.#fateOf(record);
      const isDead = letters.some((row) => row.position === record.position);
      if (!handled && !isDead && !skipped && this.#plan.guarantee !== 'at-most-once')
        this.#violation('P5', `event ${record.position} was neither handled nor became a letter`);
      if (this.#plan.guarantee === 'at-most-once' && begun > 1 + this.#resetCount)
        this.#violation(
          'P5',
          `event ${record.position} was handed out ${begun} times at most once`,
        );
    }
    for (const row of retries) this.#violation('P7', `event ${row.position} is left in retries`);
    for (const { status, position } of letters)
      if (status === 'retrying')
        this.#violation('P7', `the letter of ${position} is left retrying`);
    for (const replay of replays) this.#checkReplay(replay);
    if (this.#plan.guarantee === 'effectively-once') this.#checkEffects();
  }

  liveness(what: string): void {
    this.#violation('liveness', what);
  }

  #checkOrder(attempt: Attempt): void {
    const { record } = attempt;
    const isBlock = this.#plan.onFailure === 'block';
    const isBehind = (other: LogRecord) =>
      isBlock || (record.key !== null && other.key === record.key);
    for (const other of this.#running) {
      const isMine = other.incarnation === attempt.incarnation && other.epoch === attempt.epoch;
      const isSameLane = isSamePlace(other.record, record) && isBehind(other.record);
      // With `skip` a retry runs beside what comes after it.
      const isAside = [record, other.record].some((one) => this.#isRetried(one));
      if (isAside && this.#plan.onFailure === 'skip') continue;
      if (isMine && isSameLane && other.kind === 'delivery')
        this.#violation(
          'P6',
          `${record.position} was handed out while ${other.record.position} ran`,
        );
    }
    const floor = this.#floors.get(record.partition) ?? 0;
    for (const earlier of this.#log.partition(record.topicId, record.partition)) {
      if (earlier.offset >= record.offset) break;
      if (earlier.offset < floor || !isBehind(earlier) || this.#isPast(earlier)) continue;
      this.#violation(
        'P6',
        `${record.position} was handed out before ${earlier.position} was done`,
      );
    }
  }

  /** Whether the next of its key may be handed out. */
  #isPast(record: LogRecord): boolean {
    const fate = this.#fateOf(record);
    if (fate.handled || fate.skipped || this.#isLetter(record)) return true;
    // What was lost between the commit and the handler does not come again.
    if (this.#plan.guarantee === 'at-most-once')
      return record.offset < (this.#leaseOf(record)?.committed ?? 0);
    return this.#plan.onFailure === 'skip' && (fate.ended > 0 || this.#isRetried(record));
  }

  #checkLease(before: LeaseRow, now: LeaseRow, by: Process): void {
    const at = `partition ${now.partition}`;
    const isReset = now.epoch > before.epoch && now.owner === null;
    if (now.epoch < before.epoch) this.#violation('P13', `the epoch of ${at} went back`);
    if (now.committed < before.committed && !isReset)
      this.#violation('P4', `${at} went back from ${before.committed} to ${now.committed}`);
    if (
      now.incarnation !== null &&
      now.incarnation !== before.incarnation &&
      now.epoch === before.epoch
    )
      this.#violation('P13', `${at} changed its owner within an epoch`);
    if (now.incarnation !== null) {
      const name = `${now.partition}:${now.epoch}`;
      const owner = this.#ownerOfEpoch.get(name) ?? now.incarnation;
      this.#ownerOfEpoch.set(name, owner);
      if (owner !== now.incarnation) this.#violation('P13', `${at} has two owners in one epoch`);
    }
    if (isReset) {
      this.#moved(before, now);
      return;
    }
    if (now.committed > before.committed) {
      if (now.incarnation === null || !by.isKnownAs(now.incarnation))
        this.#violation('P13', `${at} was committed by a process that does not own it`);
      this.#checkCovered(now, before.committed);
    }
    this.#checkHandOver(before, now, by);
  }

  #checkHandOver(before: LeaseRow, now: LeaseRow, by: Process): void {
    for (const record of this.#log.partition(now.topicId, now.partition)) {
      if (!isDoneAhead(now, record) || isDoneAhead(before, record)) continue;
      if (now.incarnation === null || !by.isKnownAs(now.incarnation))
        this.#violation(
          'P13',
          `${record.position} was counted as done by one that is not its owner`,
        );
      this.#checkDone(record);
    }
    const isGivenUp = before.incarnation !== null && now.incarnation === null;
    if (isGivenUp && !by.isDisturbed) this.#givenOn(before);
  }

  /** What was handled by its owner must not be delivered by the next. Effects of the other guarantees are counted at the end. */
  #givenOn(lease: LeaseRow): void {
    if (this.#plan.guarantee !== 'at-least-once') return;
    for (const record of this.#log.partition(lease.topicId, lease.partition)) {
      const fate = this.#fateOf(record);
      if (fate.handledIn === lease.epoch) fate.isGivenOn = true;
    }
  }

  #moved(before: LeaseRow, now: LeaseRow): void {
    this.#resetCount += 1;
    this.#floors.set(now.partition, now.committed);
    for (const record of this.#log.partition(now.topicId, now.partition)) {
      const fate = this.#fateOf(record);
      if (record.offset >= now.committed)
        Object.assign(fate, { handled: false, skipped: false, handledIn: null, isGivenOn: false });
      else if (record.offset >= before.committed) fate.skipped = true;
    }
  }

  /** Everything below a stored offset is handled, in retries, or a letter. */
  #checkCovered(lease: LeaseRow, from: number): void {
    const records = this.#log.partition(lease.topicId, lease.partition);
    for (const record of records.slice(from, lease.committed)) this.#checkDone(record);
  }

  #checkQueue(statement: string): void {
    const { cursors, claims, outbox } = this.#tables();
    const resets = outbox.filter(({ event }) => event['type'] === 'weir.subscription.reset').length;
    const isPurge = resets > this.#purges;
    this.#purges = resets;
    for (const cursor of cursors) {
      // A purge: what was in the queue is nobody's.
      if (isPurge) {
        const records = this.#log.partition(cursor.topicId, cursor.partition);
        for (const record of records.slice(0, cursor.next)) this.#fateOf(record).skipped = true;
      }
      if (statement !== 'updateClaims') continue;
      const open = claims.filter((claim) => isSamePlace(claim, cursor));
      for (const record of this.#log
        .partition(cursor.topicId, cursor.partition)
        .slice(0, cursor.next)) {
        if (this.#checkedQueue.has(record.position)) continue;
        const claim = open.find((one) => one.from <= record.offset && record.offset < one.to);
        const isDone = claim?.done.some(
          (part) => part.from <= record.offset && record.offset < part.to,
        );
        if (claim !== undefined && isDone !== true) continue;
        this.#checkedQueue.add(record.position);
        this.#checkDone(record);
      }
    }
  }

  #checkDone(record: LogRecord): void {
    const { handled, skipped } = this.#fateOf(record);
    if (handled || skipped || this.#plan.guarantee === 'at-most-once') return;
    if (this.#isLetter(record) || this.#isRetried(record)) return;
    this.#violation('P7', `event ${record.position} counts as done and is nowhere`);
  }

  #checkReplay({
    id,
    from,
    to,
  }: {
    readonly id: string;
    readonly from: number;
    readonly to: number;
  }): void {
    const seen = this.#replayed.get(id) ?? new Set();
    for (const { position } of this.#log.records) {
      const isWanted = from <= position && position <= to;
      // Its last attempt was perhaps cut off with its process, which counts as one that failed.
      const isDead = this.#tables().letters.some(
        (row) => row.position === position && row.operationId === id,
      );
      if (isWanted !== (seen.has(position) || isDead))
        this.#violation(
          'P8',
          `a replay of ${from} to ${to} ${isWanted ? 'missed' : 'brought'} ${position}`,
        );
    }
  }

  #checkEffects(): void {
    const counts = new Map<string, number>();
    for (const { topic, event } of this.#tables().outbox) {
      if (topic !== 'effects') continue;
      const cause = event['causationid'];
      if (typeof cause === 'string') counts.set(cause, (counts.get(cause) ?? 0) + 1);
    }
    for (const { id, position } of this.#log.records) {
      const count = counts.get(id) ?? 0;
      if (count > 1 + this.#resetCount)
        this.#violation('P5', `event ${position} had its effect ${count} times`);
    }
  }

  /** A letter that was given back by hand shows no mark to its handler. */
  #isRedriven(incarnation: string, { position }: LogRecord): boolean {
    return this.#tables().retries.some(
      (row) => row.position === position && row.kind === 'redrive' && row.claimedBy === incarnation,
    );
  }

  #fateOf({ position }: LogRecord): Fate {
    const known = this.#fates.get(position) ?? {
      begun: 0,
      ended: 0,
      handled: false,
      skipped: false,
      handledIn: null,
      isGivenOn: false,
    };
    this.#fates.set(position, known);
    return known;
  }

  #leaseOf(record: LogRecord): LeaseRow | undefined {
    return this.#tables().leases.find((row) => isSamePlace(row, record));
  }

  #isLetter({ position }: LogRecord): boolean {
    return this.#tables().letters.some((row) => row.position === position);
  }

  #isRetried({ position }: LogRecord): boolean {
    return this.#tables().retries.some(
      (row) => row.position === position && row.kind === 'delivery',
    );
  }

  #violation(rule: string, what: string): void {
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push(`${rule}: ${what}`);
  }
}

const isDoneAhead = ({ doneAhead }: LeaseRow, { offset }: LogRecord): boolean =>
  doneAhead.some(({ from, to }) => from <= offset && offset < to);
