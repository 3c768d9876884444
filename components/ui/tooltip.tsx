'use client';
import { Tooltip as Radix } from 'radix-ui';
import { type ReactElement, type ReactNode } from 'react';
import { Kbd } from './kbd.tsx';

const DELAY_MS = 350;

/** Wraps the app once; neighbouring tooltips then open without delay. */
export function TooltipProvider({ children }: { children: ReactNode }) {
  return <Radix.Provider delayDuration={DELAY_MS}>{children}</Radix.Provider>;
}

/** Says on hover and focus what its only child is. Never the only place where something can be read. */
export function Tooltip(props: {
  content: ReactNode;
  shortcut?: string | undefined;
  side?: 'top' | 'right' | 'bottom' | 'left' | undefined;
  children: ReactElement;
}) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{props.children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={props.side ?? 'bottom'}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 flex max-w-72 animate-appear items-center gap-2 rounded-m border border-line-strong bg-raised px-2 py-1 text-s text-text shadow-raised"
        >
          {props.content}
          {props.shortcut ? <Kbd>{props.shortcut}</Kbd> : null}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
