import {
  type ConsumerDefinition,
  NonRetryableError,
} from '#server/engine/broker/consumer-definition.ts';
import { type DeliveryHistory } from './delivery-history.ts';
import { type MemoryLog } from './memory-log.ts';
import { type SimulatedLife } from './simulated-life.ts';
import { type Behaviour, type Plan } from './simulation-plan.ts';

export const CONSUMER = 'consumer';
const TIMEOUT_MS = 700;

/** What events do to their handlers, whichever process they run in. */
export class SimulatedHandlers {
  readonly #plan: Plan;
  readonly #log: MemoryLog;
  readonly #history: DeliveryHistory;
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #failed = new Map<string, number>();

  constructor(plan: Plan, parts: { readonly log: MemoryLog; readonly history: DeliveryHistory }) {
    this.#plan = plan;
    this.#log = parts.log;
    this.#history = parts.history;
  }

  plan(eventId: string, behaviour: Behaviour): void {
    this.#behaviours.set(eventId, behaviour);
  }

  /** The consumer as one process registers it. */
  definitionFor(life: SimulatedLife, incarnation: () => string): ConsumerDefinition {
    const { mode, guarantee, onFailure, concurrency, maxInFlight } = this.#plan;
    return {
      name: CONSUMER,
      description: 'the consumer of the simulation',
      version: '1',
      filter: { topics: ['things'] },
      mode,
      guarantee,
      concurrency,
      maxInFlight,
      retry: { maxRetries: 2, baseMs: 200, factor: 2, maxMs: 2_000, jitter: 0.1 },
      breaker: { failures: 20, windowMs: 1_000, openMs: 1_000 },
      ...(mode === 'stream' ? { onFailure } : {}),
      timeoutMs: TIMEOUT_MS,
      handle: (event, ctx) => {
        const [record] = this.#log.at([event.position]);
        if (record === undefined) throw new Error(`there is no event ${event.position}`);
        const operationId = ctx.replay?.operationId ?? ctx.redrive?.operationId ?? null;
        const kind = ctx.replay === undefined ? 'delivery' : 'replay';
        const attempt = this.#history.begin(incarnation(), record, { kind, operationId });
        const behaviour = this.#behaviours.get(event.id) ?? NONE;
        const fails = this.#failsNow(event.id, behaviour);
        const finish = (): void => {
          if (life.isDead) return;
          this.#history.end(attempt, !fails);
          if (fails) throw failureOf(behaviour, event.id);
        };
        if (guarantee === 'effectively-once')
          ctx.publish(kind === 'replay' ? 'effects-again' : 'effects', { type: 'effect.made' });
        // A transaction of the store in memory runs alone: its handler must not wait.
        if (guarantee === 'effectively-once') return finish();
        if (fails && behaviour.how === 'hang') {
          ctx.signal.addEventListener('abort', () => {
            if (!life.isDead) this.#history.end(attempt, false);
          });
          return new Promise<void>(() => undefined);
        }
        if (behaviour.takesMs === 0) return finish();
        return ctx.clock.sleep(behaviour.takesMs).then(finish);
      },
    };
  }

  #failsNow(eventId: string, behaviour: Behaviour): boolean {
    const failed = this.#failed.get(eventId) ?? 0;
    if (failed >= behaviour.fails) return false;
    this.#failed.set(eventId, failed + 1);
    return true;
  }
}

const NONE: Behaviour = { fails: 0, how: 'throw', takesMs: 0 };

function failureOf({ how }: Behaviour, eventId: string): Error {
  return how === 'final'
    ? new NonRetryableError(`${eventId} cannot be handled`)
    : new Error(`${eventId} failed`);
}
