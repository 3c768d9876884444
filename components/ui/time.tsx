'use client';
import { createContext, type ReactNode, use, useSyncExternalStore } from 'react';
import { cn } from './cn.ts';

export type TimeFormat = {
  /** Writes an instant as the reader has chosen. */
  readonly format: (instant: Date, now: Date) => string;
  /** Ages change by themselves; then every instant on screen is written again each second. */
  readonly isRelative: boolean;
};

const TimeFormatContext = createContext<TimeFormat>({
  format: (instant) => instant.toISOString(),
  isRelative: false,
});

/** Decides for the whole page how instants are written. */
export function TimeFormatProvider(props: { value: TimeFormat; children: ReactNode }) {
  return <TimeFormatContext value={props.value}>{props.children}</TimeFormatContext>;
}

/** An instant (RFC 3339 text), with the full ISO time on hover. */
export function Time(props: { at: string | null | undefined; className?: string | undefined }) {
  const { format, isRelative } = use(TimeFormatContext);
  const nowMs = useSyncExternalStore(
    isRelative ? subscribeToSeconds : subscribeToNothing,
    currentSecond,
    currentSecond,
  );
  if (!props.at) return <span className={cn('text-text-3', props.className)}>–</span>;
  const instant = new Date(props.at);
  return (
    <time
      dateTime={props.at}
      title={props.at}
      suppressHydrationWarning
      className={cn('num whitespace-nowrap', props.className)}
    >
      {format(instant, new Date(nowMs))}
    </time>
  );
}

const SECOND_MS = 1_000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

/** One timer for all instants on the page. */
function subscribeToSeconds(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const each of listeners) each();
  }, SECOND_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

function subscribeToNothing(): () => void {
  return () => undefined;
}

function currentSecond(): number {
  return Math.floor(Date.now() / SECOND_MS) * SECOND_MS;
}
