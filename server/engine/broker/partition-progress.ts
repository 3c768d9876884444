const INITIAL_CAPACITY = 256;

/**
 * Which offsets of one partition are done, and the low watermark: everything below it is. Offsets are admitted in order and done in
 * any order. Bounded: at most `maxWindow` offsets lie between the watermark and the last one admitted.
 */
export class PartitionProgress {
  readonly #maxWindow: number;
  #watermark: number;
  #watermarkPosition: number;
  #next: number;
  #done: Uint8Array;
  #positions: Float64Array;
  #mask: number;

  constructor(watermark: number, position: number, maxWindow: number) {
    this.#watermark = watermark;
    this.#watermarkPosition = position;
    this.#next = watermark;
    this.#maxWindow = maxWindow;
    this.#done = new Uint8Array(INITIAL_CAPACITY);
    this.#positions = new Float64Array(INITIAL_CAPACITY);
    this.#mask = INITIAL_CAPACITY - 1;
  }

  /** Next offset to be handled: all below are done. */
  get watermark(): number {
    return this.#watermark;
  }

  /** A position at or below that of the event at the watermark. */
  get watermarkPosition(): number {
    return this.#watermarkPosition;
  }

  /** Next offset to be admitted. */
  get next(): number {
    return this.#next;
  }

  get hasRoom(): boolean {
    return this.#next - this.#watermark < this.#maxWindow;
  }

  /** False when the window is full, or when a gap (left by retention) must wait until all before it is done. */
  admit(offset: number, position: number): boolean {
    if (offset < this.#next) throw new RangeError(`offset ${offset} was admitted before`);
    if (offset > this.#next && !this.#passGap(offset, position)) return false;
    if (!this.hasRoom) return false;
    if (offset - this.#watermark > this.#mask) this.#grow();
    const slot = offset & this.#mask;
    this.#done[slot] = 0;
    this.#positions[slot] = position;
    this.#next = offset + 1;
    return true;
  }

  done(offset: number): void {
    if (offset < this.#watermark || offset >= this.#next)
      throw new RangeError(`offset ${offset} is not in the window`);
    this.#done[offset & this.#mask] = 1;
    if (offset !== this.#watermark) return;
    let mark = offset;
    while (mark < this.#next && this.#done[mark & this.#mask] === 1) mark += 1;
    this.#watermarkPosition = (this.#positions[(mark - 1) & this.#mask] ?? 0) + 1;
    this.#watermark = mark;
  }

  /** The offsets beyond the watermark that are done, in order. */
  doneAhead(): number[] {
    const offsets: number[] = [];
    for (let offset = this.#watermark; offset < this.#next; offset += 1)
      if (this.#done[offset & this.#mask] === 1) offsets.push(offset);
    return offsets;
  }

  #passGap(offset: number, position: number): boolean {
    if (this.#watermark !== this.#next) return false;
    this.#watermark = offset;
    this.#watermarkPosition = position;
    this.#next = offset;
    return true;
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    const done = new Uint8Array(capacity);
    const positions = new Float64Array(capacity);
    for (let offset = this.#watermark; offset < this.#next; offset += 1) {
      done[offset & (capacity - 1)] = this.#done[offset & this.#mask] ?? 0;
      positions[offset & (capacity - 1)] = this.#positions[offset & this.#mask] ?? 0;
    }
    this.#done = done;
    this.#positions = positions;
    this.#mask = capacity - 1;
  }
}
