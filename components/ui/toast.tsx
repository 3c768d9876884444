'use client';
import { Toaster as Sonner, toast as sonner } from 'sonner';

const SHOWN_MS = 5_000;
const UNDO_MS = 8_000;
/** Above the bars under the thumb, where there are any. */
const BOTTOM = 'var(--toast-bottom)';
const EDGE_PX = 40;
const NARROW_EDGE_PX = 16;

/** Mounted once. */
export function Toaster({ theme }: { theme: 'light' | 'dark' }) {
  return (
    <Sonner
      theme={theme}
      position="bottom-right"
      duration={SHOWN_MS}
      offset={{ bottom: BOTTOM, right: EDGE_PX }}
      mobileOffset={{ bottom: BOTTOM, left: NARROW_EDGE_PX, right: NARROW_EDGE_PX }}
      toastOptions={{
        classNames: {
          toast: 'rounded-m! border-line-strong! bg-raised! text-text! shadow-raised! font-sans!',
          description: 'text-text-2!',
          actionButton: 'bg-accent! text-on-accent! font-medium!',
        },
      }}
    />
  );
}

/** Short news about what was just done. */
export const toast = {
  done(message: string, options: { detail?: string; undo?: () => void } = {}): void {
    const { detail, undo } = options;
    sonner.success(message, {
      ...(detail ? { description: detail } : {}),
      ...(undo ? { duration: UNDO_MS, action: { label: 'Undo', onClick: undo } } : {}),
    });
  },
  failed(message: string, error?: unknown): void {
    const detail = error instanceof Error ? error.message : undefined;
    sonner.error(message, { ...(detail ? { description: detail } : {}), duration: UNDO_MS });
  },
  info(
    message: string,
    options: { detail?: string; action?: { label: string; run: () => void } } = {},
  ): void {
    const { detail, action } = options;
    sonner(message, {
      ...(detail ? { description: detail } : {}),
      ...(action ? { action: { label: action.label, onClick: action.run } } : {}),
    });
  },
};
