import { type Tone } from '#components/ui/tone.ts';
import { type Operation, type OperationState } from '#contracts/operation.ts';

export const STATE_TONE: Readonly<Record<OperationState, Tone>> = {
  planned: 'neutral',
  running: 'accent',
  paused: 'paused',
  done: 'ok',
  stopped: 'slow',
  cancelled: 'neutral',
  failed: 'fail',
};

export const isActive = (operation: Operation): boolean =>
  operation.state === 'planned' || operation.state === 'running' || operation.state === 'paused';

/** Settled share of all, 0 to 1; null while the total is not known. */
export function shareOf(operation: Operation): number | null {
  if (operation.state === 'done') return 1;
  if (operation.total === 0) return isActive(operation) ? null : 1;
  return (operation.done + operation.failed) / operation.total;
}

/** Why a command is not possible now, or null when it is. */
export function refusal(
  operation: Operation,
  command: 'pause' | 'resume' | 'cancel',
): string | null {
  if (!isActive(operation)) return `it is ${operation.state}`;
  if (command === 'pause' && operation.state === 'paused') return 'it is paused already';
  if (command === 'resume' && operation.state !== 'paused') return 'it is not paused';
  return null;
}
