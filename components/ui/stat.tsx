import { type ReactNode } from 'react';
import { cn } from './cn.ts';
import { TONE_TEXT, type Tone } from './tone.ts';

/** Several numbers in a bordered grid. */
export function StatGrid({
  children,
  className,
}: {
  children: ReactNode;
  className?: string | undefined;
}) {
  return (
    <dl
      className={cn(
        'grid grid-cols-2 gap-px overflow-hidden rounded-m border border-line bg-line',
        className,
      )}
    >
      {children}
    </dl>
  );
}

/** A label, a number already written out, and its unit. Stands in a StatGrid. */
export function Stat(props: {
  label: ReactNode;
  value: ReactNode;
  unit?: ReactNode;
  tone?: Tone | undefined;
}) {
  return (
    <div className="bg-surface px-2.5 py-2">
      <dt className="text-xs text-text-3">{props.label}</dt>
      <dd className="m-0">
        <span
          className={cn(
            'num text-[17px] leading-6 font-medium tracking-tight',
            props.tone ? TONE_TEXT[props.tone] : 'text-text',
          )}
        >
          {props.value}
        </span>
        {props.unit ? <span className="ml-1 text-xs text-text-3">{props.unit}</span> : null}
      </dd>
    </div>
  );
}
