import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { operationStateSchema } from '#contracts/operation.ts';
import { isEngineError } from '../errors.ts';
import {
  hasEnded,
  nextOperationState,
  type OperationEvent,
  transition,
} from './operation-state.ts';

const events: readonly OperationEvent[] = [
  'start',
  'pause',
  'resume',
  'finish',
  'stop',
  'fail',
  'cancel',
];

describe('the states of an operation', () => {
  it('keeps every promise over any sequence of events', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 30 }), (sequence) => {
        let state = operationStateSchema.parse('planned');
        for (const event of sequence) {
          const next = nextOperationState(state, event);
          if (hasEnded(state)) expect(next).toBeUndefined();
          if (event === 'cancel') expect(next === 'cancelled').toBe(!hasEnded(state));
          if (next === 'done' || next === 'stopped') expect(state).toBe('running');
          if (next === 'running') expect(state).toBe('planned');
          if (state === 'paused' && event === 'resume') expect(next).toBe('planned');
          state = next ?? state;
        }
      }),
    );
  });

  it('has exactly four ends', () => {
    expect(operationStateSchema.options.filter(hasEnded)).toEqual([
      'done',
      'stopped',
      'cancelled',
      'failed',
    ]);
  });

  it('refuses a forbidden change and names the state', () => {
    let refusal: unknown;
    try {
      transition('done', 'cancel');
    } catch (error) {
      refusal = error;
    }

    expect(isEngineError(refusal, 'wrong-state') && refusal.details['state']).toBe('done');
  });
});
