'use client';
import { Dialog as Radix } from 'radix-ui';
import { type ReactNode } from 'react';
import { CloseButton } from './close-button.tsx';
import { cn } from './cn.ts';
import { focusFirst } from './focus-first.ts';
import { useReturnedFocus } from './use-returned-focus.ts';

export type DrawerProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  /** Beside the close button. */
  actions?: ReactNode;
  children: ReactNode;
  size?: 'm' | 'l' | undefined;
  /** A modal drawer dims the page; the other leaves the list behind it usable. */
  modal?: boolean | undefined;
};

const WIDTHS = { m: 'sm:w-[420px]', l: 'sm:w-[640px]' } as const;

/** A sheet at the right edge; the whole screen when that is narrow. Escape closes, focus comes back. */
export function Drawer(props: DrawerProps) {
  const isModal = props.modal ?? false;
  const focus = useReturnedFocus(focusFirst);
  return (
    <Radix.Root open={props.open} onOpenChange={props.onOpenChange} modal={isModal}>
      <Radix.Portal>
        {isModal ? <Radix.Overlay className="fixed inset-0 z-30 bg-overlay" /> : null}
        <Radix.Content
          {...focus}
          {...(props.description ? {} : { 'aria-describedby': undefined })}
          onInteractOutside={isModal ? undefined : (event) => event.preventDefault()}
          className={cn(
            'fixed inset-y-0 right-0 z-30 flex w-full animate-slide-in flex-col border-l border-line bg-surface shadow-raised outline-none',
            WIDTHS[props.size ?? 'm'],
          )}
        >
          <header className="flex items-start gap-2 border-b border-line px-4 py-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="flex items-center gap-2 text-l font-semibold tracking-tight break-words">
                {props.title}
              </Radix.Title>
              {props.description ? (
                <Radix.Description asChild>
                  <div className="mt-0.5 text-s text-text-3">{props.description}</div>
                </Radix.Description>
              ) : null}
            </div>
            {props.actions}
            <Radix.Close asChild>
              <CloseButton />
            </Radix.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-auto px-4 py-3">{props.children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
