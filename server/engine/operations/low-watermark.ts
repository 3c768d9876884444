/**
 * Which part of an ordered sequence is settled without a gap. Positions begin in order and settle in any order;
 * `position` is the highest one at and below which all that began has settled, so that work may resume after it.
 */
export class LowWatermark {
  readonly #open: number[] = [];
  readonly #settled = new Set<number>();
  #head = 0;
  #position: number;

  constructor(position: number) {
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  get inFlight(): number {
    return this.#open.length - this.#head - this.#settled.size;
  }

  begin(position: number): void {
    this.#open.push(position);
  }

  settle(position: number): void {
    this.#settled.add(position);
    let next = this.#open[this.#head];
    while (next !== undefined && this.#settled.delete(next)) {
      this.#position = next;
      this.#head += 1;
      next = this.#open[this.#head];
    }
    if (this.#head < COMPACT_AFTER) return;
    this.#open.splice(0, this.#head);
    this.#head = 0;
  }
}

const COMPACT_AFTER = 1_024;
