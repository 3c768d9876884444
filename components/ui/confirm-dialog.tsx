'use client';
import { AlertDialog as Radix } from 'radix-ui';
import { type ReactNode, useId, useState } from 'react';
import { Button } from './button.tsx';
import { focusFirst } from './focus-first.ts';
import { Input } from './input.tsx';
import { SubmitButton, useSubmitKey } from './submit-button.tsx';
import { useReturnedFocus } from './use-returned-focus.ts';

export type ConfirmDialogProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** What will happen, in numbers: the impact plan. */
  children: ReactNode;
  confirmLabel: string;
  onConfirm: () => void;
  tone?: 'primary' | 'danger' | undefined;
  busy?: boolean | undefined;
  /** What must be typed before it can be confirmed; for what cannot be undone. */
  typeToConfirm?: string | undefined;
  /** Why it cannot be confirmed yet (a plan that is still being made). */
  reason?: string | null | undefined;
};

/** Asks before something wide or irreversible. ⌘/Ctrl+Enter confirms, Escape leaves things as they are. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  return (
    <Radix.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-appear bg-overlay" />
        {props.open ? <ConfirmContent {...props} /> : null}
      </Radix.Portal>
    </Radix.Root>
  );
}

function ConfirmContent(props: ConfirmDialogProps) {
  const [typed, setTyped] = useState('');
  const inputId = useId();
  const expected = props.typeToConfirm;
  const focus = useReturnedFocus(expected === undefined ? undefined : focusFirst);
  const missing = expected !== undefined && typed !== expected ? `type ${expected} first` : null;
  const reason = props.reason ?? missing;
  const confirm = () => {
    if (!reason && !props.busy) props.onConfirm();
  };
  useSubmitKey(confirm, true);
  return (
    <Radix.Content
      data-modal
      {...focus}
      className="fixed top-1/2 left-1/2 z-40 flex max-h-[calc(100dvh-32px)] w-[calc(100vw-24px)] max-w-lg -translate-x-1/2 -translate-y-1/2 flex-col rounded-l border border-line-strong bg-surface shadow-raised outline-none"
    >
      <Radix.Title className="px-5 pt-4 text-l font-semibold tracking-tight">
        {props.title}
      </Radix.Title>
      <Radix.Description asChild>
        <div className="min-h-0 flex-1 overflow-auto px-5 pt-2 pb-4 text-m text-text-2">
          {props.children}
          {expected === undefined ? null : (
            <div className="mt-4">
              <label htmlFor={inputId} className="mb-1 block text-s text-text-2">
                This cannot be undone. Type <code className="num text-text">{expected}</code> to go
                on.
              </label>
              <Input
                id={inputId}
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
                autoComplete="off"
                spellCheck={false}
                className="font-mono"
              />
            </div>
          )}
        </div>
      </Radix.Description>
      <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-line px-5 py-3">
        <Radix.Cancel asChild>
          <Button variant="ghost" size="m">
            Cancel
          </Button>
        </Radix.Cancel>
        <SubmitButton
          variant={props.tone ?? 'primary'}
          busy={props.busy}
          reason={reason}
          onClick={confirm}
        >
          {props.confirmLabel}
        </SubmitButton>
      </footer>
    </Radix.Content>
  );
}
