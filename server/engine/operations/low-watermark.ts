export type Outcome = 'done' | 'failed';

const COMPACT_AFTER = 1_024;

/**
 * Which part of an ordered sequence is settled without a gap. Positions begin in order and settle in any order;
 * `position` is the highest one at and below which all that began has settled, so that work may resume after it.
 * `done` and `failed` count exactly what lies at or below it: saved together they never count an event twice.
 */
export class LowWatermark {
  readonly #open: number[] = [];
  readonly #settled = new Map<number, Outcome>();
  readonly #counts: Record<Outcome, number>;
  readonly #beyond: Record<Outcome, number> = { done: 0, failed: 0 };
  #head = 0;
  #position: number;

  constructor(start: {
    readonly position: number;
    readonly done: number;
    readonly failed: number;
  }) {
    this.#position = start.position;
    this.#counts = { done: start.done, failed: start.failed };
  }

  get position(): number {
    return this.#position;
  }

  get done(): number {
    return this.#counts.done;
  }

  get failed(): number {
    return this.#counts.failed;
  }

  /** With what has settled above the watermark. */
  get settledSoFar(): Readonly<Record<Outcome, number>> {
    return {
      done: this.#counts.done + this.#beyond.done,
      failed: this.#counts.failed + this.#beyond.failed,
    };
  }

  /** How many have begun and not settled. */
  get inFlight(): number {
    return this.ahead - this.#settled.size;
  }

  /** How many have begun above the watermark, settled or not: as many may come twice after a crash. */
  get ahead(): number {
    return this.#open.length - this.#head;
  }

  begin(position: number): void {
    this.#open.push(position);
  }

  settle(position: number, outcome: Outcome): void {
    this.#settled.set(position, outcome);
    this.#beyond[outcome] += 1;
    let next = this.#open[this.#head];
    let settled = next === undefined ? undefined : this.#settled.get(next);
    while (next !== undefined && settled !== undefined) {
      this.#settled.delete(next);
      this.#beyond[settled] -= 1;
      this.#counts[settled] += 1;
      this.#position = next;
      this.#head += 1;
      next = this.#open[this.#head];
      settled = next === undefined ? undefined : this.#settled.get(next);
    }
    if (this.#head < COMPACT_AFTER) return;
    this.#open.splice(0, this.#head);
    this.#head = 0;
  }
}
