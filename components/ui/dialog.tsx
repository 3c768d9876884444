'use client';
import { Dialog as Radix } from 'radix-ui';
import { type ReactNode } from 'react';
import { CloseButton } from './close-button.tsx';
import { cn } from './cn.ts';
import { focusFirst } from './focus-first.ts';
import { useSubmitKey } from './submit-button.tsx';
import { useReturnedFocus } from './use-returned-focus.ts';

export type DialogProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  /** Buttons at the bottom, the chosen way last. */
  footer?: ReactNode;
  size?: 's' | 'm' | 'l' | undefined;
  /** What ⌘/Ctrl+Enter does; its button is a `SubmitButton`. */
  onSubmit?: (() => void) | undefined;
};

const WIDTHS = { s: 'max-w-md', m: 'max-w-xl', l: 'max-w-4xl' } as const;

/** A question in front of the page. Focus goes in and comes back; Escape closes. */
export function Dialog(props: DialogProps) {
  const focus = useReturnedFocus(focusFirst);
  useSubmitKey(props.onSubmit, props.open);
  return (
    <Radix.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-appear bg-overlay" />
        <Radix.Content
          {...focus}
          data-modal
          {...(props.description ? {} : { 'aria-describedby': undefined })}
          className={cn(
            'fixed top-1/2 left-1/2 z-40 flex max-h-[calc(100dvh-32px)] w-[calc(100vw-24px)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-l border border-line-strong bg-surface shadow-raised outline-none',
            WIDTHS[props.size ?? 'm'],
          )}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-l font-semibold tracking-tight">
                {props.title}
              </Radix.Title>
              {props.description ? (
                <Radix.Description className="mt-1 text-s text-text-2">
                  {props.description}
                </Radix.Description>
              ) : null}
            </div>
            <Radix.Close asChild>
              <CloseButton />
            </Radix.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-auto px-5 pb-4">{props.children}</div>
          {props.footer ? (
            <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-line px-5 py-3">
              {props.footer}
            </footer>
          ) : null}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
