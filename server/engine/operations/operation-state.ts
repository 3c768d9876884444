import { type OperationState } from '#contracts/operation.ts';
import { EngineError } from '../errors.ts';

/*
 * The life of an operation. It waits as `planned` for one of the slots, and ends in exactly one of four ways.
 *
 *   planned ──start──▶ running ──finish──▶ done
 *     ▲ │                │ │ └────stop────▶ stopped    (too many failed)
 *     │ └──pause──▶ paused◀┘ └───fail─────▶ failed     (it could not go on)
 *     └──resume────────┘
 *   planned | running | paused ──cancel──▶ cancelled
 */
export type OperationEvent = 'start' | 'pause' | 'resume' | 'finish' | 'stop' | 'fail' | 'cancel';

const TRANSITIONS: Readonly<
  Record<OperationState, Readonly<Partial<Record<OperationEvent, OperationState>>>>
> = {
  planned: { start: 'running', pause: 'paused', cancel: 'cancelled', fail: 'failed' },
  running: {
    pause: 'paused',
    finish: 'done',
    stop: 'stopped',
    fail: 'failed',
    cancel: 'cancelled',
  },
  paused: { resume: 'planned', cancel: 'cancelled', fail: 'failed' },
  done: {},
  stopped: {},
  cancelled: {},
  failed: {},
};

/** The state after the event, or undefined where the event is not allowed. */
export const nextOperationState = (
  state: OperationState,
  event: OperationEvent,
): OperationState | undefined => TRANSITIONS[state][event];

/** An ended operation never changes again. */
export const hasEnded = (state: OperationState): boolean =>
  Object.keys(TRANSITIONS[state]).length === 0;

/** The state after the event. Throws wrong-state, naming the present state, where the event is not allowed. */
export function transition(state: OperationState, event: OperationEvent): OperationState {
  const next = nextOperationState(state, event);
  if (next !== undefined) return next;
  throw new EngineError('wrong-state', `An operation that is ${state} cannot ${event}.`, { state });
}
