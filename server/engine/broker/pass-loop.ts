import { type Clock } from '../clock.ts';
import { type Logger } from '../logger.ts';

const PASS_AGAIN_MS = 500;
const HOLD_LOOP_MS = 10;

type LoopParts = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly subscription: string;
  readonly stopping: AbortSignal;
  /** Asked before each pass; no pass is made while it says no. */
  readonly isRunning: () => boolean;
  readonly pass: () => Promise<void>;
};

/**
 * Passes of a delivery loop, one at a time and only when somebody asks for one; whoever asks during a pass gets another one after it.
 * A pass that fails is logged and made again after half a second.
 */
export class PassLoop {
  readonly #parts: LoopParts;
  readonly #onIdle: (() => void)[] = [];
  #passing: Promise<void> | undefined;
  #again = false;

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  /** Of the passes that are being made, if any are. */
  get ended(): Promise<void> | undefined {
    return this.#passing;
  }

  wake(): void {
    if (this.#passing !== undefined) {
      this.#again = true;
      return;
    }
    this.#passing = this.#passes().finally(() => {
      this.#passing = undefined;
      if (this.#again && this.#parts.isRunning()) this.wake();
      else for (const resolve of this.#onIdle.splice(0)) resolve();
    });
  }

  /** Resolves when nobody asks for another pass. */
  async wakeAndEnd(): Promise<void> {
    const idle = new Promise<void>((resolve) => this.#onIdle.push(resolve));
    this.wake();
    await idle;
  }

  async #passes(): Promise<void> {
    const { clock, isRunning, logger, pass, stopping, subscription } = this.#parts;
    let yieldedMs = clock.monotonicMs();
    try {
      do {
        this.#again = false;
        if (isRunning()) await pass();
        // Reads from memory and handlers that answer at once never let the event loop turn by themselves.
        if (clock.monotonicMs() - yieldedMs > HOLD_LOOP_MS) {
          await clock.turn();
          yieldedMs = clock.monotonicMs();
        }
      } while (this.#again && isRunning());
    } catch (error) {
      logger.warn({ err: error, subscription }, 'the delivery loop met an error and goes on');
      await clock.sleep(PASS_AGAIN_MS, stopping);
      this.#again = isRunning();
    }
  }
}
