import { cva } from 'class-variance-authority';
import { type ReactNode } from 'react';
import { cn } from './cn.ts';
import { type Tone } from './tone.ts';

const badgeClass = cva(
  'inline-flex items-center gap-1 rounded-s px-1.5 font-mono text-[10.5px] leading-[18px] font-semibold whitespace-nowrap tabular-nums',
  {
    variants: {
      tone: {
        neutral: 'bg-line/70 text-text-2',
        accent: 'bg-accent-soft text-accent',
        ok: 'bg-ok-soft text-ok',
        slow: 'bg-slow-soft text-slow',
        fail: 'bg-fail-soft text-fail',
        paused: 'bg-paused-soft text-paused',
        past: 'bg-past-soft text-past',
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
