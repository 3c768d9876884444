import { cva } from 'class-variance-authority';
import { type ReactNode } from 'react';
import { cn } from './cn.ts';
import { type Tone } from './tone.ts';

// The soft colour lies on the surface, not on what is behind, so that it keeps its contrast on a selected row.
const badgeClass = cva(
  'inline-flex items-center gap-1 rounded-s bg-surface bg-linear-to-r px-1.5 font-mono text-[10.5px] leading-[18px] font-semibold whitespace-nowrap tabular-nums',
  {
    variants: {
      tone: {
        neutral: 'from-line/70 to-line/70 text-text-2',
        accent: 'from-accent-soft to-accent-soft text-accent',
        ok: 'from-ok-soft to-ok-soft text-ok',
        slow: 'from-slow-soft to-slow-soft text-slow',
        fail: 'from-fail-soft to-fail-soft text-fail',
        paused: 'from-paused-soft to-paused-soft text-paused',
        past: 'from-past-soft to-past-soft text-past',
      },
    },
  },
);

/** A short word or number about a thing. */
export function Badge(props: { tone?: Tone; children: ReactNode; className?: string | undefined }) {
  return (
    <span className={cn(badgeClass({ tone: props.tone ?? 'neutral' }), props.className)}>
      {props.children}
    </span>
  );
}
