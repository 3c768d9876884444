import { type Random } from '#server/engine/clock.ts';
import { type SimulatedLife } from './simulated-life.ts';
import { type VirtualScheduler } from './virtual-scheduler.ts';

/** What the way to the database does at the moment. */
export type NetworkFault =
  | { readonly type: 'none' }
  /** Nothing arrives. */
  | { readonly type: 'refuse'; readonly share: number }
  /** It arrives and is done, and the answer is lost. */
  | { readonly type: 'lose-answer'; readonly share: number }
  | { readonly type: 'slow'; readonly upToMs: number };

const QUICK_MS = 3;
const NEVER = new Promise<never>(() => undefined);

/** The way from one life to the database and back: takes time, and fails as it is told to. */
export class SimulatedNetwork {
  fault: NetworkFault = { type: 'none' };
  readonly #life: SimulatedLife;
  readonly #scheduler: VirtualScheduler;
  readonly #random: Random;

  constructor(life: SimulatedLife, scheduler: VirtualScheduler, random: Random) {
    this.#life = life;
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** What was sent is done even when its sender is dead or paused by then. */
  async call<Result>(work: () => Promise<Result>): Promise<Result> {
    const { fault } = this;
    await this.#scheduler.delay(this.#latency());
    if (fault.type === 'refuse' && this.#random() < fault.share) {
      await this.#life.delay(this.#latency());
      throw new LinkError('ECONNREFUSED', 'connection refused');
    }
    const settled = await work().then(
      (value) => ({ isDone: true, value }) as const,
      (error: unknown) => ({ isDone: false, error }) as const,
    );
    await this.#life.delay(this.#latency());
    if (fault.type === 'lose-answer' && this.#random() < fault.share)
      throw new LinkError('ECONNRESET', 'connection terminated');
    if (settled.isDone) return settled.value;
    throw settled.error;
  }

  /** Every method of `target` as it is reached over the network; `seen` looks at each after it was done. */
  reach<Target extends object>(
    target: Target,
    seen: (name: string, args: readonly unknown[], result: unknown) => void,
  ): Target {
    return new Proxy(target, {
      get: (object, name) => {
        const method: unknown = Reflect.get(object, name);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) =>
          this.call(async () => {
            // What a transaction does between its statements is done by its process.
            if (name === 'transaction' && this.#life.isDead) return NEVER;
            const result: unknown = await Reflect.apply(method, object, args);
            seen(String(name), args, result);
            return result;
          });
      },
    });
  }

  #latency(): number {
    const upToMs = this.fault.type === 'slow' ? this.fault.upToMs : QUICK_MS;
    return this.#random() * upToMs;
  }
}

class LinkError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'LinkError';
    this.code = code;
  }
}
