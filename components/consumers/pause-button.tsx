'use client';
import { Pause, Play } from 'lucide-react';
import { IconButton } from '#components/ui/icon-button.tsx';
import { type Subscription } from '#contracts/subscription.ts';
import { type ConsumerActions } from './use-consumer-actions.ts';

/** Why neither pausing nor resuming is possible; null when it is. */
export function pauseReason({ state }: Subscription): string | null {
  return state === 'disabled' ? 'The consumer is disabled' : null;
}

/** Pauses or resumes from a row of the list. */
export function PauseButton(props: { subscription: Subscription; actions: ConsumerActions }) {
  const { subscription, actions } = props;
  const { name } = subscription;
  const isPaused = subscription.state === 'paused';
  return (
    <span className="relative z-[1]">
      <IconButton
        label={isPaused ? `Resume ${name}` : `Pause ${name}`}
        reason={pauseReason(subscription)}
        onClick={() => (isPaused ? actions.resume(name) : actions.pause(name))}
      >
        {isPaused ? <Play /> : <Pause />}
      </IconButton>
    </span>
  );
}
