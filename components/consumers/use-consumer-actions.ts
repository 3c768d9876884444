import { toast } from '#components/ui/toast.tsx';
import { type ResetResponse, type ResetTarget } from '#contracts/subscription.ts';
import { formatPlural } from '#lib/format/number.ts';
import {
  usePauseSubscription,
  useResetSubscription,
  useResumeSubscription,
  useSetBreaker,
} from '#lib/queries/subscriptions.ts';

export type ConsumerActions = {
  readonly pause: (name: string) => void;
  readonly resume: (name: string) => void;
  readonly setBreaker: (name: string, state: 'open' | 'closed') => void;
  /** Moves the offsets; `onDone` when they are moved. */
  readonly reset: (name: string, to: ResetTarget, onDone: () => void) => void;
  readonly isBusy: boolean;
};

/** What can be done to a consumer and undone again. A refusal is told as it is. */
export function useConsumerActions(): ConsumerActions {
  const pausing = usePauseSubscription();
  const resuming = useResumeSubscription();
  const breaking = useSetBreaker();
  const resetting = useResetSubscription();

  const resume = (name: string) =>
    resuming.mutate(name, {
      onSuccess: () => toast.done(`${name} runs again`, { undo: () => pause(name) }),
      onError: (error) => toast.failed(`${name} could not be resumed`, error),
    });
  const pause = (name: string) =>
    pausing.mutate(name, {
      onSuccess: () =>
        toast.done(`${name} is paused`, {
          detail: 'Events wait in the log; nothing is lost.',
          undo: () => resume(name),
        }),
      onError: (error) => toast.failed(`${name} could not be paused`, error),
    });
  const setBreaker = (name: string, state: 'open' | 'closed') =>
    breaking.mutate(
      { name, state },
      {
        onSuccess: () =>
          toast.done(`The breaker of ${name} is ${state}`, {
            undo: () => setBreaker(name, state === 'open' ? 'closed' : 'open'),
          }),
        onError: (error) => toast.failed(`The breaker of ${name} could not be set`, error),
      },
    );
  const moveBack = (name: string, to: ResetTarget) =>
    resetting.mutate(
      { name, to },
      {
        onSuccess: () => toast.done(`${name} stands where it stood before`),
        onError: (error) => toast.failed(`${name} could not be moved back`, error),
      },
    );
  const reset = (name: string, to: ResetTarget, onDone: () => void) =>
    resetting.mutate(
      { name, to },
      {
        onSuccess: (done) => {
          const back = wayBack(done);
          toast.done(`${name} is reset`, {
            detail: resetWords(done),
            ...(back ? { undo: () => moveBack(name, back) } : {}),
          });
          onDone();
        },
        onError: (error) => toast.failed(`${name} could not be reset`, error),
      },
    );
  return {
    pause,
    resume,
    setBreaker,
    reset,
    isBusy: pausing.isPending || resuming.isPending || breaking.isPending || resetting.isPending,
  };
}

/** "12,418 events will come again, 3 are skipped." */
export function resetWords({ redelivered, skipped }: ResetResponse): string {
  if (redelivered === 0 && skipped === 0) return 'Nothing moves: it stands there already.';
  const again = `${formatPlural(redelivered, 'event')} will come again`;
  const never = `${formatPlural(skipped, 'event')} will never come`;
  if (skipped === 0) return `${again}.`;
  return redelivered === 0 ? `${never}.` : `${again}, ${never}.`;
}

/** The offsets from before, as a target; null when nothing was moved. */
function wayBack(done: ResetResponse): ResetTarget | null {
  const offsets = done.partitions
    .filter(({ before, after }) => before !== after)
    .map(({ topic, partition, before }) => ({ topic, partition, offset: before }));
  return offsets.length > 0 ? { offsets } : null;
}
