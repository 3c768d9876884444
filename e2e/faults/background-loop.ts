/** Work that goes on beside the test until it is told to stop. */
export class BackgroundLoop {
  readonly #work: () => Promise<void>;
  #isStopping = false;
  #isAbandoned = false;
  #running: Promise<void> = Promise.resolve();

  /** `work` looks between its rounds whether it is to stop, and before it tries a thing again whether it was abandoned. */
  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Outcomes that do not come are not waited for any more. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  start(): void {
    this.#isStopping = false;
    this.#running = this.#work();
    // Whoever stops it is told; until then a failure must not end the process.
    this.#running.catch(() => undefined);
  }

  /** Resolves when the round in hand is done; rejects as the work did. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async abandon(): Promise<void> {
    this.#isAbandoned = true;
    await this.stop();
  }

  /** Resolves when the work ends by itself. */
  finished(): Promise<void> {
    return this.#running;
  }
}
