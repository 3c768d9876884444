/** Which of the numbers 0, 1, 2 … were seen, and how often one came again. */
export class NumberSet {
  #seen = new Uint8Array(1 << 16);
  distinct = 0;
  repeated = 0;

  has(number: number): boolean {
    return this.#seen[number] === 1;
  }

  /** True when it is new. A number below 0 is a marker and not counted. */
  add(number: number): boolean {
    if (number < 0) return false;
    if (number >= this.#seen.length) this.#grow(number);
    if (this.#seen[number] === 1) {
      this.repeated += 1;
      return false;
    }
    this.#seen[number] = 1;
    this.distinct += 1;
    return true;
  }

  #grow(number: number): void {
    const larger = new Uint8Array(Math.max(this.#seen.length * 2, number + 1));
    larger.set(this.#seen);
    this.#seen = larger;
  }
}

/** How many of `wanted` are missing. */
export const missingFrom = (set: NumberSet, wanted: Iterable<number>): number => {
  let missing = 0;
  for (const number of wanted) if (!set.has(number)) missing += 1;
  return missing;
};
