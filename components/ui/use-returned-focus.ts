import { useRef } from 'react';

/**
 * Remembers where the focus was when something opened and gives it back when that closes. Radix returns it to a trigger
 * of its own only, and what opens from a list, a key or the address has none.
 */
export function useReturnedFocus(focusInside?: (event: Event) => void) {
  const before = useRef<Element | null>(null);
  return {
    onOpenAutoFocus: (event: Event) => {
      before.current = document.activeElement;
      focusInside?.(event);
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      // Whoever has gone on working beside an open drawer keeps the focus.
      const isLost = document.activeElement === null || document.activeElement === document.body;
      if (isLost && before.current instanceof HTMLElement) {
        before.current.focus({ preventScroll: true });
      }
    },
  };
}
