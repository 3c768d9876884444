import { type OffsetRange } from '#server/storage/multirange.ts';

/**
 * Which offsets of one claimed range are done, in any order; `to` is excluded. What is done at the front moves `from` up, so that what is
 * kept is the undone part and the islands in it.
 */
export class ClaimProgress {
  readonly to: number;
  readonly #start: number;
  readonly #done: Uint8Array;
  #from: number;
  #undone: number;

  constructor(range: OffsetRange, done: readonly OffsetRange[] = []) {
    if (range.to <= range.from) throw new RangeError('a claim holds at least one offset');
    this.#start = range.from;
    this.to = range.to;
    this.#done = new Uint8Array(range.to - range.from);
    this.#from = range.from;
    this.#undone = this.#done.length;
    for (const part of done) this.allDone(part);
  }

  /** First offset that is not done; `to` when all are. */
  get from(): number {
    return this.#from;
  }

  get undone(): number {
    return this.#undone;
  }

  get isComplete(): boolean {
    return this.#undone === 0;
  }

  isDone(offset: number): boolean {
    return this.#done[this.#indexOf(offset)] === 1;
  }

  /** False when it was done before. */
  done(offset: number): boolean {
    const index = this.#indexOf(offset);
    if (this.#done[index] === 1) return false;
    this.#done[index] = 1;
    this.#undone -= 1;
    while (this.#from < this.to && this.#done[this.#from - this.#start] === 1) this.#from += 1;
    return true;
  }

  /** Marks the part of the range that lies in this claim. Returns how many of them were not done. */
  allDone({ from, to }: OffsetRange): number {
    let marked = 0;
    for (let offset = Math.max(from, this.#from); offset < Math.min(to, this.to); offset += 1) {
      if (this.done(offset)) marked += 1;
    }
    return marked;
  }

  /** What is done behind `from`, as ranges that neither touch nor overlap. */
  islands(): OffsetRange[] {
    const ranges: OffsetRange[] = [];
    let begin = -1;
    for (let offset = this.#from; offset < this.to; offset += 1) {
      const isDone = this.#done[offset - this.#start] === 1;
      if (isDone && begin < 0) begin = offset;
      if (!isDone && begin >= 0) {
        ranges.push({ from: begin, to: offset });
        begin = -1;
      }
    }
    if (begin >= 0) ranges.push({ from: begin, to: this.to });
    return ranges;
  }

  #indexOf(offset: number): number {
    if (offset < this.#start || offset >= this.to)
      throw new RangeError(`offset ${offset} is not in the claim`);
    return offset - this.#start;
  }
}
