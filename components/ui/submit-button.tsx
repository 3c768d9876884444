'use client';
import { Button, type ButtonProps } from './button.tsx';
import { Kbd } from './kbd.tsx';
import { useShortcut } from './use-shortcut.ts';

/** ⌘/Ctrl+Enter does `submit` while a question stands in front of the page, wherever the focus is. Absent: nothing. */
export function useSubmitKey(submit: (() => void) | undefined, isOpen: boolean): void {
  useShortcut('mod+Enter', () => submit?.(), {
    label: 'Confirm',
    group: 'Dialog',
    isEnabled: isOpen && submit !== undefined,
  });
}

/** The button of a dialog that ⌘/Ctrl+Enter presses, and that says so. */
export const SubmitButton = ({ children, ...rest }: ButtonProps) => (
  <Button size="m" variant="primary" {...rest} aria-keyshortcuts="Control+Enter Meta+Enter">
    {children}
    <Kbd className="border-current text-current max-sm:hidden">Ctrl ⏎</Kbd>
  </Button>
);
