'use client';
import { StateDot } from '#components/ui/state-dot.tsx';
import { Time } from '#components/ui/time.tsx';
import { type Tone } from '#components/ui/tone.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { type ConnectionState, useConnectionStore } from '#lib/live/connection-store.ts';

const FACES: Readonly<Record<ConnectionState, { readonly tone: Tone; readonly label: string }>> = {
  connecting: { tone: 'neutral', label: 'Connecting' },
  live: { tone: 'ok', label: 'Live' },
  'catching-up': { tone: 'slow', label: 'Catching up' },
  reconnecting: { tone: 'fail', label: 'Reconnecting' },
};

/** Whether what is on screen is now; when not, since when it is old. */
export function ConnectionPill() {
  const { state, lastFrameAt, publishToScreenMs, serverToScreenMs } = useConnectionStore();
  const { tone, label } = FACES[state];
  const latencyMs = publishToScreenMs ?? serverToScreenMs;
  return (
    <span
      role="status"
      className="inline-flex h-6 shrink-0 items-center gap-1.5 rounded-full border border-line px-2.5 text-s whitespace-nowrap text-text-2"
    >
      <StateDot tone={tone} label={label} />
      {state === 'live' && latencyMs !== null ? (
        <span
          aria-hidden
          className="num text-text-3 max-sm:hidden"
          title={
            publishToScreenMs === null
              ? 'Server to screen, 95th percentile'
              : 'Published to screen, 95th percentile'
          }
        >
          {formatDuration(latencyMs)}
        </span>
      ) : null}
      {state === 'reconnecting' && lastFrameAt !== null ? (
        <span className="text-text-3">
          as of <Time at={new Date(lastFrameAt).toISOString()} />
        </span>
      ) : null}
    </span>
  );
}
