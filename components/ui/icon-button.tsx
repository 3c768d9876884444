'use client';
import { type ReactNode } from 'react';
import { Button, type ButtonProps } from './button.tsx';
import { cn } from './cn.ts';
import { Tooltip } from './tooltip.tsx';

export type IconButtonProps = Omit<ButtonProps, 'children' | 'aria-label' | 'asChild'> & {
  /** Its accessible name, also shown as the tooltip. */
  label: string;
  /** Keys that do the same, shown in the tooltip. */
  shortcut?: string | undefined;
  children: ReactNode;
};

/** A square button with an icon only. */
export function IconButton({ label, shortcut, className, ...rest }: IconButtonProps) {
  const size = rest.size === 'm' ? 'size-8' : 'size-7';
  const button = (
    <Button
      variant="ghost"
      {...rest}
      aria-label={label}
      aria-keyshortcuts={shortcut?.replace('Esc', 'Escape').replace('+', 'Plus')}
      className={cn(size, 'px-0', className)}
    />
  );
  if (rest.reason) return button;
  return (
    <Tooltip content={label} shortcut={shortcut}>
      {button}
    </Tooltip>
  );
}
