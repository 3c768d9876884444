import { type ReactNode } from 'react';
import { cn } from './cn.ts';

/** Keys, as written on them. */
export function Kbd({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <kbd
      className={cn(
        'rounded-s border border-line px-1 font-mono text-[10px] leading-4 text-text-3',
        className,
      )}
    >
      {children}
    </kbd>
  );
}
