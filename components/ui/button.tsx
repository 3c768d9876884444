'use client';
import { cva } from 'class-variance-authority';
import { Slot } from 'radix-ui';
import { type ComponentProps } from 'react';
import { cn } from './cn.ts';
import { Spinner } from './spinner.tsx';
import { Tooltip } from './tooltip.tsx';

export type ButtonVariant = 'primary' | 'secondary' | 'ghost' | 'danger';
export type ButtonSize = 's' | 'm';

const buttonClass = cva(
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-m border text-s font-medium whitespace-nowrap transition-colors select-none disabled:opacity-50 aria-disabled:cursor-not-allowed aria-disabled:opacity-50 [&_svg]:size-3.5 [&_svg]:shrink-0',
  {
    variants: {
      variant: {
        primary:
          'border-transparent bg-accent font-semibold text-on-accent enabled:hover:bg-accent/90',
        secondary: 'border-line bg-raised text-text enabled:hover:border-line-strong',
        ghost: 'border-transparent text-text-2 enabled:hover:bg-line/50 enabled:hover:text-text',
        danger: 'border-fail/40 bg-fail-soft text-fail enabled:hover:border-fail',
      },
      size: { s: 'h-7 px-2.5', m: 'h-8 px-3' },
    },
  },
);

export type ButtonProps = ComponentProps<'button'> & {
  variant?: ButtonVariant | undefined;
  size?: ButtonSize | undefined;
  /** Work it started is not done: shows a spinner and takes no clicks. */
  busy?: boolean | undefined;
  /** Why it cannot be used now. Given, the button is disabled, stays focusable and says so. */
  reason?: string | null | undefined;
  /** Renders its only child (a link) with the looks of a button. */
  asChild?: boolean | undefined;
};

export function Button(props: ButtonProps) {
  const { variant = 'secondary', size = 's', busy, reason, asChild, className, ...rest } = props;
  const classes = cn(buttonClass({ variant, size }), className);
  if (asChild) return <Slot.Root className={classes} {...rest} />;
  const isHeld = busy === true || Boolean(reason);
  const button = (
    <button
      type="button"
      {...rest}
      className={classes}
      aria-busy={busy || undefined}
      aria-disabled={isHeld || rest['aria-disabled'] || undefined}
      onClick={isHeld ? preventDefault : rest.onClick}
    >
      {busy ? <Spinner /> : null}
      {rest.children}
      {reason ? <span className="sr-only"> (not available: {reason})</span> : null}
    </button>
  );
  return reason ? <Tooltip content={reason}>{button}</Tooltip> : button;
}

function preventDefault(event: { preventDefault(): void }): void {
  event.preventDefault();
}
