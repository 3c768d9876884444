import { type Random } from '#server/engine/clock.ts';

type Task = { readonly atMs: number; readonly rank: number; readonly run: () => void };

/** A run longer than this is taken for one that never rests. */
const MAX_STEPS = 2_000_000;

/**
 * Time that only moves when nothing is left to do. What is due at one time runs in an order drawn from the seed; after each step all
 * promises settle before the next. The same seed and the same work give the same steps.
 */
export class VirtualScheduler {
  readonly #random: Random;
  readonly #tasks: Task[] = [];
  #nowMs = 0;
  #steps = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Returns the way to call it off. */
  after(ms: number, run: () => void): () => void {
    let isOff = false;
    const atMs = this.#nowMs + Math.max(0, ms);
    this.#push({
      atMs,
      rank: this.#random(),
      run: () => {
        if (!isOff) run();
      },
    });
    return () => {
      isOff = true;
    };
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Runs what is due until the time, or until nothing is left, or until `isDone` says so after a step. */
  async runUntil(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    await settle();
    while (!isDone()) {
      const next = this.#tasks[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#pop();
      this.#nowMs = next.atMs;
      this.#steps += 1;
      if (this.#steps > MAX_STEPS) throw new Error('the simulation does not come to rest');
      next.run();
      await settle();
    }
    if (!isDone()) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  // A binary heap: the earliest first, ties by rank.
  #push(task: Task): void {
    const tasks = this.#tasks;
    let index = tasks.push(task) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = tasks[parent];
      if (above === undefined || isBefore(above, task)) break;
      tasks[index] = above;
      index = parent;
    }
    tasks[index] = task;
  }

  #pop(): void {
    const tasks = this.#tasks;
    const last = tasks.pop();
    if (last === undefined || tasks.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [one, other] = [tasks[left], tasks[left + 1]];
      const isRight = one !== undefined && other !== undefined && isBefore(other, one);
      const child = isRight ? other : one;
      if (child === undefined || isBefore(last, child)) break;
      tasks[index] = child;
      index = isRight ? left + 1 : left;
    }
    tasks[index] = last;
  }
}

const isBefore = (left: Task, right: Task): boolean =>
  left.atMs < right.atMs || (left.atMs === right.atMs && left.rank < right.rank);

/** A turn of the event loop: every promise that can settle has settled. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
