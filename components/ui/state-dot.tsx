import { type ReactNode } from 'react';
import { cn } from './cn.ts';
import { TONE_TEXT, type Tone } from './tone.ts';

/*
 * Each tone has its own shape, so that the state can be read without colour:
 * ok ● disc · slow ▲ triangle · fail ■ diamond · paused ○ ring · neutral – dash · past ◐ · accent ● disc.
 */
const SHAPES: Readonly<Record<Tone, ReactNode>> = {
  ok: <circle cx="5" cy="5" r="3.6" fill="currentColor" />,
  accent: <circle cx="5" cy="5" r="3.6" fill="currentColor" />,
  slow: <path d="M5 1 9.4 8.8H.6Z" fill="currentColor" />,
  fail: <path d="M5 .4 9.6 5 5 9.6.4 5Z" fill="currentColor" />,
  paused: <circle cx="5" cy="5" r="3.1" fill="none" stroke="currentColor" strokeWidth="2" />,
  neutral: <rect x="1" y="4" width="8" height="2" rx="1" fill="currentColor" />,
  past: (
    <>
      <circle cx="5" cy="5" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.4" />
      <path d="M5 1.4a3.600 3.600 0 0 1 0 7.200Z" fill="currentColor" />
    </>
  ),
};

/** The shape of a state with its word. With `hideLabel` the word is for screen readers only. */
export function StateDot(props: {
  tone: Tone;
  label: string;
  hideLabel?: boolean | undefined;
  className?: string | undefined;
}) {
  return (
    <span className={cn('inline-flex items-center gap-1.5', props.className)}>
      <svg
        viewBox="0 0 10 10"
        aria-hidden
        className={cn('size-2.5 shrink-0', TONE_TEXT[props.tone])}
      >
        {SHAPES[props.tone]}
      </svg>
      <span className={props.hideLabel ? 'sr-only' : undefined}>{props.label}</span>
    </span>
  );
}
